// Bodies made to cost more than they weigh, on a real server: none is kept, none is stored, none takes the process down.
import { request as send } from "node:http";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import type { Tallystick } from "../../src/index.ts";
import { serve, type TestServer } from "../flows/server.ts";
import { API_KEY, createTestEngine, signatureOf } from "../support/engine.ts";
import { everyRow } from "./doors.ts";

let tally: Tallystick;
let databaseUrl: string;
let server: TestServer;

beforeAll(async () => {
  ({ tally, databaseUrl } = await createTestEngine());
  server = await serve(async (request) =>
    new URL(request.url).pathname.startsWith("/api/v1/")
      ? tally.handlers.api(request)
      : tally.handlers.webhook(request),
  );
  return async () => {
    await server[Symbol.asyncDispose]();
    await tally.close();
  };
});

interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly chunked?: boolean;
}

/** Answers the status, or what became of the connection. */
async function statusOf({ path, headers, body, chunked = false }: Sent): Promise<number | string> {
  const length = chunked ? { "transfer-encoding": "chunked" } : { "content-length": String(Buffer.byteLength(body)) };
  return new Promise((resolve) => {
    const outgoing = send(`${server.origin}${path}`, { method: "POST", headers: { ...headers, ...length } });
    outgoing.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    outgoing.end(body);
  });
}

const MiB = 1024 * 1024;
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const eventOf = (data: string, id: string): string =>
  `{"id":"${id}","object":"event","api_version":"2025-11-17.clover","created":1760000000,"livemode":false,"type":"invoice.created","data":{"object":${data}}}`;

// A door with its limit, and who may come that far.
const doors: readonly {
  readonly name: string;
  readonly path: string;
  readonly limit: number;
  readonly known: boolean;
}[] = [
  { name: "the webhook, signed", path: "/api/webhooks/stripe", limit: MiB, known: true },
  { name: "the webhook, unsigned", path: "/api/webhooks/stripe", limit: MiB, known: false },
  { name: "the REST API with a key", path: "/api/v1/accounts/ada/grants", limit: 64 * 1024, known: true },
  { name: "the REST API's batch with a key", path: "/api/v1/consume-batch", limit: 8 * MiB, known: true },
];

async function headersFor(door: (typeof doors)[number], body: string | Buffer): Promise<Record<string, string>> {
  const json = { "content-type": "application/json" };
  if (!door.known) return json;
  return door.path.startsWith("/api/v1/")
    ? { ...json, authorization: `Bearer ${API_KEY}` }
    : { ...json, "stripe-signature": await signatureOf(body.toString("utf8" as never)) };
}

async function changesNothing(work: () => Promise<void>): Promise<void> {
  const before = await everyRow(databaseUrl);
  await work();
  expect(await everyRow(databaseUrl)).toEqual(before);
}

describe.each(doors)("$name", (door) => {
  it("is 413 for a body that is too large, whether or not its length was told, and keeps serving", async () => {
    await changesNothing(async () => {
      for (const chunked of [false, true]) {
        const body = "x".repeat(door.limit * 3 + 1);
        const answer = await statusOf({ ...door, headers: await headersFor(door, body), body, chunked });
        expect([chunked, answer]).toEqual([chunked, 413]);
      }
    });
    expect((await tally.handlers.health(new Request("http://localhost/"))).status).toBe(200);
  });

  it("unpacks nothing: a body that says it is compressed is taken as it came", async () => {
    await changesNothing(async () => {
      const body = gzipSync("[".repeat(64 * MiB));
      for (const encoding of ["gzip", "deflate", "br", "zstd", "gzip, gzip"]) {
        const headers = { ...(await headersFor(door, body)), "content-encoding": encoding };
        expect([encoding, await statusOf({ ...door, headers, body })]).toEqual([
          encoding,
          body.length > door.limit ? 413 : 400,
        ]);
      }
    });
  });

  it.each([
    ["lists within lists", nested(30_000)],
    ["lists that never end", "[".repeat(60_000)],
    ["objects within objects", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["a number of 60,000 digits", "9".repeat(60_000)],
    ["a number beyond all", "1e999999999"],
    ["many keys that are one", `{${'"__proto__":{},'.repeat(3000)}"a":1}`],
  ])("refuses %s as 400", async (_, body) => {
    await changesNothing(async () => {
      expect(await statusOf({ ...door, headers: await headersFor(door, body), body })).toBe(400);
    });
  });
});

describe("a signed event that holds", () => {
  it.each([
    ["3,000 lists within lists", nested(3000)],
    ["6,000 lists within lists", nested(6000)],
    ["30,000 lists within lists", nested(30_000)],
    ["200,000 lists within lists", nested(200_000)],
    ["a number of 60,000 digits", "9".repeat(60_000)],
    ["a number beyond all", "1e999999999"],
    ["a text with U+0000", '{"a":"\\u0000"}'],
    ["a lone surrogate", '{"a":"\\ud800"}'],
  ])("%s is refused for good or stored, never asked for again", async (what, data) => {
    const body = eventOf(data, `evt_${what.replaceAll(/\W/g, "_")}`);
    const headers = { "stripe-signature": await signatureOf(body) };
    const status = await statusOf({ path: "/api/webhooks/stripe", headers, body });
    expect([what, status]).toEqual([what, expect.toSatisfy((code) => code === 200 || code === 400)]);
  });
});
