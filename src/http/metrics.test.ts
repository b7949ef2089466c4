// The scrape endpoint: what it says, and that what says it is what the dashboard and the alerts ask for.
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { setUp, type Setup } from "../../test/flows/setup.ts";
import { sendEvent, METRICS_SECRET } from "../../test/support/engine.ts";
import { invoice } from "../../test/flows/stripe-objects.ts";
import { defineTask, type TallystickOptions } from "../index.ts";
import { gaugeNames } from "../kernel/metric.ts";
import { prometheusText } from "./metrics.ts";

let setup: Setup;
afterEach(async () => setup?.tally.close());

async function scrape(): Promise<string> {
  const headers = { authorization: `Bearer ${METRICS_SECRET}` };
  const response = await setup.tally.handlers.metrics(new Request("http://app.test/api/metrics", { headers }));
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return response.text();
}

async function start(options: Partial<TallystickOptions> = {}): Promise<void> {
  setup = await setUp(options);
}

const samples = (text: string): string[] => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe("a scrape", () => {
  it("tells the backlog, dead letters and attempts by task", async () => {
    const broken = defineTask({
      name: "broken",
      maxAttempts: 1,
      async run() {
        throw new Error("not today");
      },
    });
    await start({ tasks: [broken] });
    await setup.tally.tasks.enqueue({ name: "broken" });
    await setup.tally.drain();
    await setup.tally.tasks.enqueue({ name: "broken" });
    const lines = samples(await scrape());
    expect(lines).toContain('tallystick_tasks_due{task="broken"} 1');
    expect(lines).toContain('tallystick_tasks_waiting{task="broken"} 1');
    expect(lines).toContain('tallystick_tasks_dead{task="broken"} 1');
    expect(lines).toContain('tallystick_task_attempts_total{task="broken",outcome="dead"} 1');
    expect(lines).toContainEqual(expect.stringMatching(/^tallystick_task_oldest_due_seconds 0\.\d+$/));
  });

  it("tells the ledger's totals by unit", async () => {
    await start();
    await sendEvent(setup.tally, {
      type: "invoice.paid",
      object: invoice({ userId: "ann", lines: [{ priceId: "price_pro_monthly" }] }),
    });
    expect(samples(await scrape())).toContain('tallystick_payment_events{provider="stripe",status="pending"} 1');
    await setup.tally.drain();
    await setup.tally.credits.hold({ userId: "ann", amount: 100, expiresInSeconds: 60 });
    await setup.tally.credits.grant({ userId: "bob", unit: "image", amount: 7, type: "adjustment" });
    const lines = samples(await scrape());
    expect(lines).toContain('tallystick_credits_outstanding{unit="credit"} 1000');
    expect(lines).toContain('tallystick_credits_outstanding{unit="image"} 7');
    expect(lines).toContain('tallystick_credits_held{unit="credit"} 100');
    expect(lines).toContain('tallystick_credits_debt{unit="credit"} 0');
    expect(lines).toContain('tallystick_accounts{unit="credit"} 1');
    expect(lines.filter((line) => line.startsWith("tallystick_payment_events"))).toEqual([]);
  });

  it("tells how the tick is, once there has been one", async () => {
    await start();
    expect(samples(await scrape()).filter((line) => line.startsWith("tallystick_tick"))).toEqual([]);
    await setup.tally.tick();
    const lines = samples(await scrape());
    expect(lines).toContain("tallystick_tick_failed 0");
    expect(lines).toContainEqual(expect.stringMatching(/^tallystick_tick_age_seconds 0\.\d+$/));
  });

  it("escapes what would end a label or a line", () => {
    const samplesGiven = [{ labels: { task: 'a"b\\c\nd' }, value: 1 }];
    const text = prometheusText([{ name: "x", help: "y", type: "gauge", samples: samplesGiven }]);
    expect(text).toBe('# HELP x y\n# TYPE x gauge\nx{task="a\\"b\\\\c\\nd"} 1\n');
  });
});

describe("the files for Grafana and Prometheus", () => {
  const counters = ["tallystick_task_attempts_total", "tallystick_task_attempt_seconds_total"];

  it.each(["grafana-dashboard.json", "prometheus-alerts.yaml"])(
    "%s asks for metrics that there are, and no other",
    (file) => {
      const text = readFileSync(path.join(import.meta.dirname, "../../docs/observability", file), "utf8");
      const asked = new Set(text.match(/tallystick_[a-z_]+[a-z]/g));
      expect(asked.size).toBeGreaterThan(5);
      expect([...asked].filter((name) => ![...gaugeNames, ...counters].includes(name))).toEqual([]);
    },
  );

  it("the dashboard shows every metric", () => {
    const text = readFileSync(
      path.join(import.meta.dirname, "../../docs/observability/grafana-dashboard.json"),
      "utf8",
    );
    expect([...gaugeNames, ...counters].filter((name) => !text.includes(name))).toEqual([]);
  });
});
