// The ledger proved by the ticks of an engine, and who is told when it can't be.
import { describe, expect, it } from "vitest";
import { slack } from "../../src/notification/slack.ts";
import { plant } from "../properties/ledger-fixture.ts";
import { setUp } from "./setup.ts";
import { callApi } from "../support/engine.ts";

const unreachable = slack({ url: "http://127.0.0.1:9/hook", allowPrivateHosts: true });
const seal = { keyId: "one", key: "k".repeat(32) };

describe("a tick", () => {
  it("audits and seals once a day and an hour, and announces a run that finds something once", async () => {
    let now = new Date("2026-03-01T00:00:00Z");
    const { tally, sql, databaseUrl } = await setUp({
      payment: undefined,
      notifications: [unreachable],
      seal,
      maxTickGapMs: 1e12,
      clock: () => now,
    });
    await tally.credits.grant({ userId: "ann", amount: 10, type: "adjustment" });
    expect((await tally.tick()).maintenance).toMatchObject({
      seal: { violations: 0, complete: true },
      audit: { violations: 0, complete: true },
    });
    const { seals } = await tally.credits.audit();
    expect(seals).toMatchObject({ checked: 1, entries: 1, unsealed: 0 });
    await plant(databaseUrl, "update tallystick.user_credit set current_credits = 11");
    expect((await tally.tick()).maintenance["audit"]).toMatchObject({ steps: 0, violations: 0 });
    now = new Date("2026-03-02T00:00:00Z");
    await tally.tick();
    await tally.tick();
    const told = await sql.query<{ kind: string; severity: string; fields: unknown }>(
      "select kind, severity, fields from tallystick.notification",
    );
    expect(told).toEqual([
      {
        kind: "audit.failed",
        severity: "critical",
        fields: expect.arrayContaining([
          { name: "book_is_sum_of_entries", value: "account 1: current_credits 11, entries sum to 10" },
        ]),
      },
    ]);
    now = new Date("2026-03-03T00:00:00Z");
    await tally.tick();
    expect(await sql.query("select 1 from tallystick.notification")).toHaveLength(2);
  });

  it("proves nothing where proof is switched off", async () => {
    const { tally } = await setUp({ payment: undefined, proof: false, seal });
    expect(Object.keys((await tally.tick()).maintenance)).not.toEqual(expect.arrayContaining(["audit"]));
  });

  it("is refused a configuration of proof that could never be due", async () => {
    await expect(setUp({ proof: { auditHours: 0 } })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(setUp({ seal: { keyId: "a", key: "short" } })).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("GET /audit", () => {
  it("answers figures and ids of each violation, for one user or some equations when asked", async () => {
    const { tally, databaseUrl } = await setUp({ seal });
    await tally.credits.grant({ userId: "ann", amount: 10, type: "adjustment" });
    await plant(databaseUrl, "update tallystick.user_credit set current_credits = 11");
    const read = async (query: string): Promise<unknown> => (await callApi(tally, `/audit${query}`)).json();
    expect(await read("?equation=1")).toMatchObject({
      ok: false,
      accounts: 1,
      seals: null,
      violations: [{ equation: "book_is_sum_of_entries", number: 1, userId: "ann", actual: 11, expected: 10 }],
    });
    expect(await read("")).toMatchObject({ ok: false, seals: { checked: 0, unsealed: 1 } });
    expect(await read("?userId=ben")).toMatchObject({ ok: true, accounts: 0, violations: [] });
    expect((await callApi(tally, "/audit?equation=none")).status).toBe(400);
  });
});
