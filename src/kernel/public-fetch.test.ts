// What a URL that somebody else chose can't do: reach inside, go on elsewhere, or take for ever.
import type { LookupAddress } from "node:dns";
import { describe, expect, it } from "vitest";
import { startReceiver } from "../../test/receiver.ts";
import { isPublicAddress } from "./public-address.ts";
import { checkPublicUrl, createPublicFetch } from "./public-fetch.ts";

describe("an address", () => {
  it.each([
    ["this network", "0.0.0.0"],
    ["private", "10.1.2.3"],
    ["private", "172.16.0.1"],
    ["private", "172.31.255.255"],
    ["private", "192.168.1.1"],
    ["carrier-grade NAT", "100.64.0.1"],
    ["a cloud's metadata in that range", "100.100.100.200"],
    ["loopback", "127.0.0.1"],
    ["loopback", "127.255.255.254"],
    ["link-local: a cloud's metadata", "169.254.169.254"],
    ["a cloud's platform", "168.63.129.16"],
    ["protocol assignments", "192.0.0.192"],
    ["documentation", "192.0.2.1"],
    ["documentation", "198.51.100.1"],
    ["documentation", "203.0.113.1"],
    ["benchmarks", "198.19.0.1"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["unspecified", "::"],
    ["loopback", "::1"],
    ["IPv4-mapped loopback", "::ffff:127.0.0.1"],
    ["IPv4-mapped, in hexadecimal", "::ffff:7f00:1"],
    ["IPv4-mapped, of a public address", "::ffff:8.8.8.8"],
    ["IPv4-compatible", "::127.0.0.1"],
    ["NAT64", "64:ff9b::7f00:1"],
    ["6to4 of a private address", "2002:a00:1::"],
    ["Teredo", "2001::1"],
    ["documentation", "2001:db8::1"],
    ["documentation", "3fff::1"],
    ["unique local", "fd00:ec2::254"],
    ["link-local", "fe80::1"],
    ["link-local with its zone", "fe80::1%eth0"],
    ["multicast", "ff02::1"],
    ["no address", "localhost"],
    ["no address", "127.1"],
    ["nothing", ""],
  ])("that is %s is refused: %s", (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
  ])("that is public passes: %s", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe("a URL", () => {
  it.each([
    "http://example.com/hook",
    "ftp://example.com/hook",
    "file:///etc/passwd",
    "https://user:secret-word@example.com/secret-path",
    "https://127.0.0.1/secret-path",
    "https://2130706433/secret-path",
    "https://0x7f.1/secret-path",
    "https://[::1]/secret-path",
    "https://[::ffff:169.254.169.254]/secret-path",
    "https://10.0.0.1:8443/secret-path",
    "http://localhost/secret-path",
    "no url",
  ])("%s is refused, and the error says nothing secret", (url) => {
    expect(() => checkPublicUrl(url)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    expect(() => checkPublicUrl(url)).toThrow(/^(?!.*secret)/);
  });

  it("passes over https to any port, and to loopback only where that is allowed", () => {
    expect(checkPublicUrl("https://example.com:8443/hook").host).toBe("example.com:8443");
    for (const url of ["http://127.0.0.1:3000/hook", "http://localhost:3000/hook", "http://[::1]:3000/hook"]) {
      expect(checkPublicUrl(url, { allowLoopback: true }).href).toBe(url);
    }
    for (const url of [
      "http://10.0.0.1/",
      "https://169.254.169.254/",
      "http://example.com/",
      "http://[::ffff:127.0.0.1]/",
    ]) {
      expect(() => checkPublicUrl(url, { allowLoopback: true })).toThrow(/public|https/);
    }
  });
});

/** A resolver under somebody else's control: each question gets the next answer. */
function hostileDns(...answers: readonly (readonly string[])[]) {
  const asked: string[] = [];
  const resolve = async (hostname: string): Promise<LookupAddress[]> => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  };
  return { resolve, asked };
}

describe("a request", () => {
  it.each([
    ["loopback", ["127.0.0.1"]],
    ["a private address among public ones", ["8.8.8.8", "10.0.0.1"]],
    ["an IPv4-mapped address", ["::ffff:127.0.0.1"]],
    ["nothing", []],
  ])("to a name that means %s connects to nobody", async (_what, addresses) => {
    await using receiver = await startReceiver({});
    const { resolve, asked } = hostileDns(addresses);
    const { port } = new URL(receiver.origin);
    const refused = createPublicFetch({ resolve })(`https://inside.example:${port}/hook`);
    await expect(refused).rejects.toThrow("inside.example leads to an address that is not public.");
    expect(asked).toEqual(["inside.example"]);
    expect(receiver.received).toEqual([]);
  });

  it("resolves a name once and connects to what it has checked: a name that changes afterwards changes nothing", async () => {
    await using receiver = await startReceiver({ body: "reached" });
    const { port } = new URL(receiver.origin);
    // The first answer is allowed here, the second would not be; had the name been asked again, it would be refused.
    const { resolve, asked } = hostileDns(["127.0.0.1"], ["10.0.0.1"]);
    // Plain http is for names of loopback only, so the name is one.
    const fetch = createPublicFetch({ allowLoopback: true, resolve });
    expect(await (await fetch(`http://localhost:${port}/hook`)).text()).toBe("reached");
    expect(asked).toEqual(["localhost"]);
    await expect(fetch(`http://localhost:${port}/hook`)).rejects.toThrow("not public");
    expect(receiver.received).toHaveLength(1);
  });

  it("follows no redirect, wherever it leads", async () => {
    await using inside = await startReceiver({ body: "secret" });
    await using receiver = await startReceiver({ status: 302, headers: { location: `${inside.origin}/secret` } });
    const response = await createPublicFetch({ allowLoopback: true })(receiver.origin);
    expect(response.status).toBe(302);
    expect(inside.received).toEqual([]);
  });

  it("sends method, headers and body, and reads status, headers and body", async () => {
    await using receiver = await startReceiver({ status: 201, headers: { "x-answer": "42" }, body: "körper" });
    const init = { method: "POST", headers: { "x-question": "6*7" }, body: "größer" };
    const response = await createPublicFetch({ allowLoopback: true })(`${receiver.origin}/a?b=c`, init);
    expect([response.status, response.headers.get("x-answer"), await response.text()]).toEqual([201, "42", "körper"]);
    expect(receiver.received).toMatchObject([{ method: "POST", path: "/a?b=c", body: "größer" }]);
    expect(receiver.received[0]?.headers).toMatchObject({ "x-question": "6*7", "content-length": "8" });
  });

  it("reads no more of an answer than its cap", async () => {
    await using receiver = await startReceiver({ body: "x".repeat(1_000_000) });
    const response = await createPublicFetch({ allowLoopback: true })(receiver.origin, { maxBytes: 1000 });
    expect(await response.text()).toHaveLength(1000);
  });

  it.each(["hang", "hang after headers"] as const)("ends when its time is over: %s", async (reply) => {
    await using receiver = await startReceiver(reply);
    const answer = createPublicFetch({ allowLoopback: true })(receiver.origin, { timeoutMs: 100 });
    // After the headers the status counts; what came of the body is the body.
    if (reply === "hang") await expect(answer).rejects.toMatchObject({ name: expect.stringMatching(/Abort|Timeout/) });
    else expect(await (await answer).text()).toBe("{");
  });

  it("ends when its caller stops it, and when the connection is reset", async () => {
    await using hanging = await startReceiver("hang");
    const stopping = new AbortController();
    const arrived = hanging.nextRequest();
    const answer = createPublicFetch({ allowLoopback: true })(hanging.origin, { signal: stopping.signal });
    await arrived;
    stopping.abort();
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    await using reset = await startReceiver("reset");
    await expect(createPublicFetch({ allowLoopback: true })(reset.origin)).rejects.toMatchObject({
      code: "ECONNRESET",
    });
  });
});
