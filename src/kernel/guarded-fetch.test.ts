import { createServer as createTlsServer } from "node:https";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { startReceiver } from "../../test/receiver.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { addressCheck } from "./public-address.ts";
import { postJson } from "../notification/send-http.ts";

const never = new AbortController().signal;
const onlyPublic = addressCheck(false);
const alsoPrivate = addressCheck(true);
const loopback = { address: "127.0.0.1", family: 4 };

describe("guardedFetch", () => {
  it("sends method, headers and body, and answers status, headers and body", async () => {
    await using receiver = await startReceiver({ status: 202, headers: { "x-a": "b" }, body: "näh" });
    const send = guardedFetch(alsoPrivate);
    const url = receiver.origin.replace("127.0.0.1", "localhost");
    const response = await send(`${url}/p?q=1`, { method: "POST", headers: { "x-c": "d" }, body: "é" });
    expect([response.status, response.headers.get("x-a"), await response.text()]).toEqual([202, "b", "näh"]);
    expect(receiver.received).toMatchObject([
      { method: "POST", path: "/p?q=1", body: "é", headers: { "x-c": "d", host: new URL(url).host } },
    ]);
  });

  it("answers a status that has no body", async () => {
    await using receiver = await startReceiver({ status: 204 });
    const response = await guardedFetch(alsoPrivate)(receiver.origin);
    expect([response.status, response.body]).toEqual([204, null]);
  });

  it("does not follow a redirect", async () => {
    await using inside = await startReceiver({ body: "secret" });
    await using receiver = await startReceiver({ status: 302, headers: { location: `${inside.origin}/metadata` } });
    expect((await guardedFetch(alsoPrivate)(receiver.origin)).status).toBe(302);
    expect(inside.received).toEqual([]);
  });

  it.each(["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"])(
    "connects to no loopback address, however it is written: %s",
    async (host) => {
      await using receiver = await startReceiver({ body: "ok" });
      const { port } = new URL(receiver.origin);
      await expect(guardedFetch(onlyPublic)(`http://${host}:${port}/`)).rejects.toThrow(/is not public/);
      expect(receiver.received).toEqual([]);
    },
  );

  it("checks the address of each connection, so that a name that changes its answer gains nothing", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    const answers = [
      { address: "127.0.0.1", family: 4 },
      { address: "169.254.169.254", family: 4 },
    ];
    const asked: string[] = [];
    const send = guardedFetch(alsoPrivate, async (name) => {
      asked.push(name);
      return answers.splice(0, 1);
    });
    const { port } = new URL(receiver.origin);
    expect((await send(`http://rebind.test:${port}/`)).status).toBe(200);
    await expect(send(`http://rebind.test:${port}/`)).rejects.toThrow(
      "rebind.test leads to an address that is not public.",
    );
    expect(asked).toEqual(["rebind.test", "rebind.test"]);
    expect(receiver.received).toHaveLength(1);
  });

  it("refuses a name when any of its addresses is not allowed", async () => {
    await using receiver = await startReceiver({ body: "ok" });
    const found = [{ address: "169.254.169.254", family: 4 }, { address: "fe80::1", family: 6 }, loopback];
    const send = guardedFetch(alsoPrivate, () => Promise.resolve(found));
    await expect(send(receiver.origin.replace("127.0.0.1", "mixed.test"))).rejects.toThrow(/is not public/);
    expect(receiver.received).toEqual([]);
  });

  it("refuses a name without an address, and one that can't be looked up", async () => {
    await expect(guardedFetch(alsoPrivate, () => Promise.resolve([]))("http://none.test/")).rejects.toThrow(
      /none.test/,
    );
    const broken = guardedFetch(alsoPrivate, () => Promise.reject(new Error("ENOTFOUND")));
    await expect(broken("http://none.test/")).rejects.toThrow("ENOTFOUND");
  });

  it("refuses a certificate that nobody vouches for", async () => {
    const tls = path.resolve(import.meta.dirname, "../../test/fixtures/tls");
    const [key, cert] = ["localhost.key", "localhost.pem"].map((file) => readFileSync(path.join(tls, file)));
    const received: string[] = [];
    const server = createTlsServer({ key, cert }, (request, response) => {
      received.push(request.url ?? "");
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await expect(guardedFetch(alsoPrivate)(`https://localhost:${port}/`)).rejects.toThrow(/certificate/);
    expect(received).toEqual([]);
    await new Promise((resolve) => server.close(resolve));
  });

  it("takes at most 64 KB of an answer, and ends at the signal, also within a body that does not", async () => {
    await using huge = await startReceiver({ body: "x".repeat(1_000_000) });
    const send = guardedFetch(alsoPrivate);
    const answer = await postJson({ url: new URL(huge.origin), body: "{}", signal: never, fetch: send });
    expect(answer.outcome === "answered" && answer.body.length).toBeLessThanOrEqual(64 * 1024);
    await using hanging = await startReceiver("hang");
    const url = new URL(hanging.origin);
    expect(await postJson({ url, body: "{}", signal: never, timeoutMs: 50, fetch: send })).toEqual({
      outcome: "failed",
      reason: "no answer within 50 ms",
    });
    await using endless = await startReceiver("hang after headers");
    const cut = postJson({ url: new URL(endless.origin), body: "{}", signal: never, timeoutMs: 200, fetch: send });
    expect(await cut).toMatchObject({ outcome: "answered", status: 200 });
  });

  it("says that a connection was refused or cut", async () => {
    const receiver = await startReceiver("reset");
    const url = new URL(receiver.origin);
    const fetch = guardedFetch(alsoPrivate);
    expect(await postJson({ url, body: "{}", signal: never, fetch })).toMatchObject({ outcome: "failed" });
    await receiver[Symbol.asyncDispose]();
    expect(await postJson({ url, body: "{}", signal: never, fetch })).toMatchObject({
      outcome: "failed",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });
});
