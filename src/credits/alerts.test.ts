// What is a crossing, and that each is noted once, whatever operation makes it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { day, hour, openLedger, pass, type Ledger } from "../../test/properties/ledger-fixture.ts";
import type { AlertRule, DefaultAlertRule } from "./alert-rules.ts";
import { createAlertRelay, type AlertRelay } from "./alerts-relay.ts";
import type { Alert } from "./alerts.ts";

let ledger: Ledger;
let relay: AlertRelay;
const told: Alert[] = [];

const rules: readonly DefaultAlertRule[] = [
  { kind: "low", amount: 100 },
  { kind: "exhausted" },
  { kind: "low", percent: 20, unit: "token" },
  { kind: "expiring", days: 7, unit: "ticket" },
  { kind: "expiring", days: 1, unit: "ticket" },
];

function relayOf(own: readonly DefaultAlertRule[] | undefined): AlertRelay {
  return createAlertRelay(ledger.database, own, {
    announce: async (_tx, alert) => void told.push(alert),
    onHookFailure: () => undefined,
  });
}

beforeAll(async () => {
  ledger = await openLedger({ now: new Date("2026-03-01T12:00:00Z") });
  relay = relayOf(rules);
  await relay.storeRules();
});
afterAll(async () => ledger[Symbol.asyncDispose]());

/** What was noted for an account since it was asked last, in order. */
async function alertsOf(userId: string): Promise<string[]> {
  await relay.watch();
  await relay.relay();
  const mine = told.filter((alert) => alert.userId === userId);
  told.splice(0, told.length, ...told.filter((alert) => alert.userId !== userId));
  return mine.map((alert) => {
    if (alert.kind === "low") return `low ${alert.available} < ${alert.level}`;
    return alert.kind === "exhausted" ? "exhausted" : `expiring ${alert.amount} in ${alert.days}`;
  });
}

const inTime = (ms: number): Date => new Date((ledger.now?.getTime() ?? 0) + ms);

async function give(userId: string, amount: number, ms?: number, unit?: string): Promise<string> {
  const expiresAt = ms === undefined ? undefined : inTime(ms);
  const granted = await ledger.credits.grant({ userId, unit, amount, type: "purchase_package", expiresAt });
  return granted.transactionId;
}
const spend = async (userId: string, amount: number, unit?: string): Promise<string> =>
  (await ledger.credits.consume({ userId, amount, unit })).transactionId;

describe("a level", () => {
  it("is crossed once on the way down, however long the balance stays below it", async () => {
    await give("ann", 300);
    await spend("ann", 200);
    expect(await alertsOf("ann")).toEqual([]);
    await spend("ann", 1);
    await spend("ann", 50);
    await spend("ann", 48);
    expect(await alertsOf("ann")).toEqual(["low 99 < 100"]);
    await spend("ann", 1);
    expect(await alertsOf("ann")).toEqual(["exhausted"]);
    await expect(spend("ann", 1)).rejects.toThrow(expect.objectContaining({ code: "insufficient_credits" }));
    expect(await alertsOf("ann")).toEqual([]);
  });

  it("can be crossed again each time the balance was back at it or above", async () => {
    await give("bob", 100);
    for (let round = 0; round < 3; round += 1) {
      await spend("bob", 1);
      await give("bob", 1);
    }
    await spend("bob", 1);
    await spend("bob", 1);
    expect(await alertsOf("bob")).toEqual(Array.from({ length: 4 }, () => "low 99 < 100"));
  });

  it("is not crossed from below: a first grant under it tells nothing until it was reached", async () => {
    await give("cat", 50);
    await spend("cat", 10);
    expect(await alertsOf("cat")).toEqual([]);
    await give("cat", 60);
    await spend("cat", 100);
    expect(await alertsOf("cat")).toEqual(["low 0 < 100", "exhausted"]);
  });

  it("is crossed by the transaction that crosses it, and not when that is rolled back", async () => {
    await give("dan", 100);
    const failing = ledger.database.transaction(async (tx) => {
      await ledger.credits.consume({ userId: "dan", amount: 50 }, { tx });
      throw new Error("undone");
    });
    await expect(failing).rejects.toThrow("undone");
    expect(await alertsOf("dan")).toEqual([]);
    await ledger.database.transaction(async (tx) => {
      await ledger.credits.consume({ userId: "dan", amount: 50 }, { tx });
    });
    expect(await alertsOf("dan")).toEqual(["low 50 < 100"]);
  });
});

describe("what crosses", () => {
  it("a hold does, what it releases arms again, and a capture within it crosses nothing more", async () => {
    await give("eve", 100);
    const first = await ledger.credits.hold({ userId: "eve", amount: 100 });
    expect(await alertsOf("eve")).toEqual(["low 0 < 100", "exhausted"]);
    await ledger.credits.void({ holdId: first.id });
    const second = await ledger.credits.hold({ userId: "eve", amount: 100 });
    await ledger.credits.capture({ holdId: second.id, amount: 100 });
    expect(await alertsOf("eve")).toEqual(["low 0 < 100", "exhausted"]);
    const third = await give("eve", 150);
    expect(third).not.toBe("");
    const small = await ledger.credits.hold({ userId: "eve", amount: 50 });
    await ledger.credits.capture({ holdId: small.id, amount: 60, overage: "consume" });
    expect(await alertsOf("eve")).toEqual(["low 90 < 100"]);
  });

  it("a refund arms again, and an adjustment and a claw-back cross", async () => {
    await give("fay", 100);
    const transactionId = await spend("fay", 100);
    await ledger.credits.refund({ transactionId });
    await ledger.credits.adjust({ userId: "fay", amount: -1, actor: "ops", reason: "test" });
    expect(await alertsOf("fay")).toEqual(["low 0 < 100", "exhausted", "low 99 < 100"]);
    await ledger.database.query("select tallystick.grant_credits('gil', 500, 'purchase_package', p_payment_id => 77)");
    await spend("gil", 300);
    await ledger.credits.settleReturns({ paymentId: "77", paid: 100, returned: 100 });
    expect(await alertsOf("gil")).toEqual(["low 0 < 100", "exhausted"]);
  });

  it("time does: when the expiry is booked, though the books had long been outrun", async () => {
    await give("hal", 80);
    await give("hal", 40, day);
    pass(ledger, 2 * day);
    expect(await alertsOf("hal")).toEqual([]);
    await ledger.credits.expire();
    expect(await alertsOf("hal")).toEqual(["low 80 < 100"]);
    await ledger.credits.expire();
    await spend("hal", 10);
    expect(await alertsOf("hal")).toEqual([]);
  });

  it("time does lot after lot, with nothing else happening in between", async () => {
    for (const days of [1, 2, 3, 4]) await give("hat", 40, days * day);
    const seen: string[][] = [];
    for (let n = 0; n < 4; n += 1) {
      pass(ledger, day);
      await ledger.credits.expire();
      seen.push(await alertsOf("hat"));
    }
    expect(seen).toEqual([[], ["low 80 < 100"], [], ["exhausted"]]);
  });

  it("time does: at the next operation, when that comes first, also when it is refused", async () => {
    await give("ida", 100, day);
    pass(ledger, 2 * day);
    await expect(spend("ida", 1)).rejects.toThrow(expect.objectContaining({ code: "insufficient_credits" }));
    expect(await alertsOf("ida")).toEqual(["low 0 < 100", "exhausted"]);
    await ledger.credits.expire();
    expect(await alertsOf("ida")).toEqual([]);
  });

  it("time arms: after a hold's deadline the same fall is a crossing anew", async () => {
    await give("jim", 100);
    await ledger.credits.hold({ userId: "jim", amount: 60, expiresInSeconds: 60 });
    expect(await alertsOf("jim")).toEqual(["low 40 < 100"]);
    pass(ledger, hour);
    await spend("jim", 60);
    expect(await alertsOf("jim")).toEqual(["low 40 < 100"]);
  });

  it("distribution arms, also the accounts that time has outrun", async () => {
    await give("kay", 100, day);
    await spend("kay", 60);
    pass(ledger, 2 * day);
    await ledger.credits.enrol({ userId: "kay", planId: "pro" });
    await spend("kay", 1000);
    expect(await alertsOf("kay")).toEqual(["low 40 < 100", "exhausted", "low 0 < 100", "exhausted"]);
  });

  it("a merge into another account tells nobody that the old one is empty", async () => {
    await give("lea", 500);
    await give("leo", 50);
    await ledger.credits.merge({ fromUserId: "lea", toUserId: "leo", actor: "ops", reason: "one person" });
    expect(await alertsOf("lea")).toEqual([]);
    await ledger.credits.consume({ userId: "lea", amount: 500 });
    expect(await alertsOf("leo")).toEqual(["low 50 < 100"]);
  });
});

describe("a percentage", () => {
  it("is of what was available after the last refill", async () => {
    await give("mia", 1000, undefined, "token");
    await spend("mia", 800, "token");
    expect(await alertsOf("mia")).toEqual([]);
    await spend("mia", 1, "token");
    expect(await alertsOf("mia")).toEqual(["low 199 < 200"]);
    await give("mia", 1, undefined, "token");
    await spend("mia", 160, "token");
    expect(await alertsOf("mia")).toEqual([]);
    await spend("mia", 1, "token");
    expect(await alertsOf("mia")).toEqual(["low 39 < 40"]);
  });

  it("does not follow the balance down with what only comes back: refunds and released holds", async () => {
    await give("ned", 1000, undefined, "token");
    for (let n = 0; n < 16; n += 1) {
      const held = await ledger.credits.hold({ userId: "ned", unit: "token", amount: 51 });
      await ledger.credits.capture({ holdId: held.id, amount: 50 });
      const transactionId = await spend("ned", 1, "token");
      await ledger.credits.refund({ transactionId });
    }
    // At 200 each time that something came back, and below it twice.
    expect(await alertsOf("ned")).toEqual(["low 199 < 200", "low 199 < 200"]);
  });

  it("of a fraction is reached by the next whole credit above it", async () => {
    await give("ola", 7, undefined, "token");
    await spend("ola", 5, "token");
    expect(await alertsOf("ola")).toEqual([]);
    await spend("ola", 1, "token");
    expect(await alertsOf("ola")).toEqual(["low 1 < 2"]);
  });
});

describe("a lot that expires soon", () => {
  it("is announced once for each rule, with what remains of it then", async () => {
    await give("pia", 50, 10 * day, "ticket");
    await give("pia", 70, 20 * day, "ticket");
    expect(await alertsOf("pia")).toEqual([]);
    pass(ledger, 3 * day + hour);
    await spend("pia", 5, "ticket");
    expect(await alertsOf("pia")).toEqual(["expiring 45 in 7"]);
    expect(await alertsOf("pia")).toEqual([]);
    pass(ledger, 6 * day);
    expect(await alertsOf("pia")).toEqual(["expiring 45 in 1"]);
    pass(ledger, 5 * day);
    expect(await alertsOf("pia")).toEqual(["expiring 70 in 7"]);
  });

  it("is not announced when nothing remains, when it never lived that long, or when it is over", async () => {
    await give("quy", 5, 10 * day, "ticket");
    await spend("quy", 5, "ticket");
    await give("quy", 6, 7 * day, "ticket");
    await give("quy", 7, 8 * day, "ticket");
    await relay.watch();
    pass(ledger, 5 * day);
    expect(await alertsOf("quy")).toEqual(["expiring 7 in 7"]);
    pass(ledger, 10 * day);
    expect(await alertsOf("quy")).toEqual([]);
  });

  it("is found in whatever slices the search goes, many with one moment among them", async () => {
    await ledger.database.query(
      `select tallystick.grant_credits('rex', 1, 'purchase_package', 'ticket', tallystick.clock() + make_interval(hours => 24 * 8 + n / 10))
       from generate_series(0, 99) n`,
    );
    pass(ledger, 2 * day);
    const { expiring } = await relay.watch({ batchSize: 7 });
    expect(expiring).toBeGreaterThanOrEqual(100);
    await relay.relay();
    const lots = new Set(
      told.flatMap((alert) => (alert.kind === "expiring" && alert.userId === "rex" ? [alert.lotId] : [])),
    );
    expect(await alertsOf("rex")).toHaveLength(100);
    expect(lots.size).toBe(100);
  });

  it("is found although its grant commits after the search has passed its moment", async () => {
    await ledger.database.transaction(async (tx) => {
      const expiresAt = inTime(7 * day + 60_000);
      await ledger.credits.grant({ userId: "sue", unit: "ticket", amount: 9, type: "adjustment", expiresAt }, { tx });
      pass(ledger, 10 * 60_000);
      expect(await alertsOf("sue")).toEqual([]);
    });
    expect(await alertsOf("sue")).toEqual(["expiring 9 in 7"]);
  });
});

describe("rules", () => {
  const own: readonly AlertRule[] = [{ kind: "low", amount: 10 }];

  it("of an account stand in place of the product's, until they are taken back", async () => {
    await give("tim", 200);
    expect(await ledger.credits.setAlerts({ userId: "tim", rules: own })).toMatchObject({ own: true, rules: own });
    await spend("tim", 150);
    expect(await alertsOf("tim")).toEqual([]);
    await spend("tim", 41);
    expect(await alertsOf("tim")).toEqual(["low 9 < 10"]);
    const back = await ledger.credits.setAlerts({ userId: "tim", rules: null });
    expect(back).toMatchObject({ own: false, rules: [{ kind: "low", amount: 100 }, { kind: "exhausted" }] });
    await spend("tim", 9);
    expect(await alertsOf("tim")).toEqual(["exhausted"]);
    const { recent } = await ledger.credits.alerts({ userId: "tim" });
    expect(recent.map(({ kind }) => kind)).toEqual(["exhausted", "low"]);
  });

  it("that are an empty list switch alerts off", async () => {
    await give("ula", 200);
    await ledger.credits.setAlerts({ userId: "ula", rules: [] });
    await give("ula", 5, 10 * day, "ticket");
    await ledger.credits.setAlerts({ userId: "ula", unit: "ticket", rules: [] });
    await spend("ula", 200);
    await relay.watch();
    pass(ledger, 4 * day);
    expect(await alertsOf("ula")).toEqual([]);
  });

  it("can be set for an account before its first credit", async () => {
    await ledger.credits.setAlerts({ userId: "vic", rules: own });
    await give("vic", 10);
    await spend("vic", 1);
    expect(await alertsOf("vic")).toEqual(["low 9 < 10"]);
  });

  it("of the product that are new reach every account in batches, and cross nothing by themselves", async () => {
    await using other = await openLedger();
    const crossings = async (): Promise<unknown[]> =>
      other.database.query("select kind, level from tallystick.credit_alert order by id");
    await other.database.query(
      "select tallystick.grant_credits('user' || n, 100, 'adjustment') from generate_series(1, 50) n",
    );
    const listeners = { announce: async () => undefined, onHookFailure: () => undefined };
    const first = createAlertRelay(other.database, [{ kind: "low", amount: 500 }, { kind: "exhausted" }], listeners);
    expect(await first.watch({ batchSize: 7 })).toMatchObject({ updated: 50 });
    expect(await first.watch()).toMatchObject({ updated: 0 });
    expect(await crossings()).toEqual([]);
    await other.credits.consume({ userId: "user7", amount: 100 });
    expect(await crossings()).toEqual([{ kind: "exhausted", level: 1 }]);
    // The same rules once more are nothing new; no rules at all are.
    const same = createAlertRelay(other.database, [{ kind: "low", amount: 500 }, { kind: "exhausted" }], listeners);
    expect(await same.watch()).toMatchObject({ updated: 0 });
    expect(await createAlertRelay(other.database, undefined, listeners).watch()).toMatchObject({ updated: 0 });
    expect(await createAlertRelay(other.database, [], listeners).watch()).toMatchObject({ updated: 50 });
    await other.credits.consume({ userId: "user8", amount: 100 });
    expect(await crossings()).toHaveLength(1);
  });

  it("that come after time has taken credits find the account where it stands, booked or not", async () => {
    await give("wes", 5, undefined, "gem");
    await give("wes", 100, day, "gem");
    pass(ledger, 2 * day);
    const rules50 = [{ kind: "low", amount: 50 }, { kind: "exhausted" }] as const;
    await ledger.credits.setAlerts({ userId: "wes", unit: "gem", rules: rules50 });
    await ledger.credits.expire();
    expect(await alertsOf("wes")).toEqual([]);
    await spend("wes", 5, "gem");
    expect(await alertsOf("wes")).toEqual(["exhausted"]);
  });

  it.each<[string, unknown]>([
    ["a kind that is none", [{ kind: "high" }]],
    ["neither amount nor percent", [{ kind: "low" }]],
    ["both amount and percent", [{ kind: "low", amount: 1, percent: 1 }]],
    ["amount 0", [{ kind: "low", amount: 0 }]],
    ["100 percent", [{ kind: "low", percent: 100 }]],
    ["a fraction of a day", [{ kind: "expiring", days: 0.5 }]],
    ["one rule twice", [{ kind: "exhausted" }, { kind: "exhausted" }]],
    ["no list", { kind: "exhausted" }],
  ])("with %s are refused", async (_what, wrong) => {
    const refused = ledger.credits.setAlerts({ userId: "wil", rules: wrong as readonly AlertRule[] });
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: "invalid_request" }));
  });
});

describe("the ledger", () => {
  it("stays without an audit finding", async () => {
    expect((await ledger.credits.audit()).violations).toEqual([]);
  });
});
