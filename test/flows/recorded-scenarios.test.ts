// What Stripe really sent, told in every order, gives the same ledger.
import { describe, expect, it, onTestFinished } from "vitest";
import { appClient, type AppClient } from "../scenarios/app-client.ts";
import { readRecording } from "../scenarios/read-recording.ts";
import { retell } from "../scenarios/retell.ts";
import { scenarios } from "../scenarios/scenarios.ts";
import { tellThreeWays } from "../scenarios/tell-three-ways.ts";
import { API_KEY, createTestEngine, WEBHOOK_SECRET } from "../support/engine.ts";
import { serveHandlers } from "../support/serve.ts";

async function runningApp(): Promise<AppClient> {
  const { tally } = await createTestEngine();
  const worker = tally.run();
  const { url, close } = await serveHandlers(tally.handlers, () => worker.wake());
  onTestFinished(async () => {
    await close();
    await tally.close();
  });
  return appClient({ url, webhookSecret: WEBHOOK_SECRET, apiKey: API_KEY });
}

describe("recorded scenarios", () => {
  it("give the same credits in order, shuffled, and with every event three times at once, and a clean audit", async () => {
    const app = await runningApp();
    const seed = Math.floor(Math.random() * 2 ** 32);
    const told = await tellThreeWays({ app, run: "test", seed });
    const balances = told.map(({ scenario, inOrder, shuffled, tripled }) => ({ scenario, inOrder, shuffled, tripled }));
    expect(balances, `seed ${seed}`).toEqual(
      scenarios.map(({ name, credits }) => ({ scenario: name, inOrder: credits, shuffled: credits, tripled: credits })),
    );
    expect(await app.audit()).toMatchObject({ ok: true, violations: [] });
  });

  it("are told with ids that two runs never share and that stay equal within one", () => {
    const ids = (tag: string): string[] =>
      scenarios.flatMap((scenario, index) =>
        retell(scenario, { tag: `${tag}${index}`, userId: "u" }).map(({ id }) => id),
      );
    const [first, second] = [ids("a"), ids("b")];
    expect(first.filter((id) => second.includes(id))).toEqual([]);
    expect(ids("a")).toEqual(first);
  });

  it.each(scenarios)("keep one id for one invoice: as many ids as invoices were paid, in $name", (scenario) => {
    const paid = readRecording(scenario).filter(({ type }) => type === "invoice.paid");
    const ids = retell(scenario, { tag: "x", userId: "u" })
      .map(({ body }) => JSON.parse(body) as { type: string; data: { object: { id: string } } })
      .filter(({ type }) => type === "invoice.paid")
      .map(({ data }) => data.object.id);
    expect(new Set(ids).size).toBe(paid.length);
  });

  it("tell an event that two lists recorded twice under one id", () => {
    const scenario = scenarios.find(({ name }) => name.startsWith("first card fails"));
    expect(scenario).toBeDefined();
    const ids = scenario === undefined ? [] : retell(scenario, { tag: "x", userId: "u" }).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length - 1);
  });
});
