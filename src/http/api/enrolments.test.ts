// Enrolments over REST: what the API answers, and what it refuses.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { post, refusalOf } from "../../../test/flows/api.ts";
import { callApi, createTestEngine, uniqueId } from "../../../test/support/engine.ts";
import { defineCatalog, type Tallystick } from "../../index.ts";

let tally: Tallystick;
let account: string;

beforeAll(async () => {
  ({ tally } = await createTestEngine({
    catalog: defineCatalog({
      plans: [
        { id: "free", name: "Free", credits: 50, validDays: 30 },
        { id: "pro", name: "Pro", credits: 1000, rollover: { max: 500 } },
      ],
    }),
  }));
  return async () => tally.close();
});
beforeEach(() => {
  account = `/accounts/${uniqueId("user")}`;
});

async function json(path: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const response = await callApi(tally, path, init);
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

describe("enrolments over REST", () => {
  it("enrol once, list, change plan under a key, pause, resume and end", async () => {
    const enrolled = await json(`${account}/enrolments`, post({ planId: "free" }));
    expect(enrolled).toEqual({ enrolmentId: expect.any(String) as string, created: true });
    expect(await json(`${account}/enrolments`, post({ planId: "free" }))).toMatchObject({ created: false });
    const headers = { "content-type": "application/json", "idempotency-key": "up" };
    const keyed = { ...post({ from: "free", to: "pro" }), headers };
    const changed = await json(`${account}/plan`, keyed);
    expect(changed).toMatchObject({ granted: 950, enrolment: { planId: "pro", status: "active" } });
    const again = await callApi(tally, `${account}/plan`, keyed);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    const { id } = changed["enrolment"] as { id: string };
    expect(await json(`/enrolments/${id}/pause`, post({}))).toMatchObject({ status: "paused", nextDueAt: null });
    expect(await json(`/enrolments/${id}/resume`, post({ missed: "all" }))).toMatchObject({ status: "active" });
    expect(await json(`/enrolments/${id}/end`, post({ when: "now" }))).toMatchObject({ status: "ended" });
    expect(await json(`${account}/enrolments`)).toMatchObject({
      items: [
        { id, planId: "pro", status: "ended", continuesId: enrolled["enrolmentId"] },
        { planId: "free", status: "ended" },
      ],
    });
    expect(await json(account)).toMatchObject({ balance: 1000 });
  });

  it("set the time zone, and refuse one that is none", async () => {
    const put = (timeZone: string): RequestInit => ({ ...post({ timeZone }), method: "PUT" });
    expect(await json(`${account}/time-zone`, put("Europe/Berlin"))).toEqual({ timeZone: "Europe/Berlin" });
    expect(await refusalOf(await callApi(tally, `${account}/time-zone`, put("Europe")))).toEqual([
      400,
      "invalid_request",
    ]);
  });

  it("refuse a plan that is not in the catalog, an enrolment that is not there, and a change that does not fit", async () => {
    const call = async (path: string, body: object): Promise<unknown> =>
      refusalOf(await callApi(tally, path, post(body)));
    expect(await call(`${account}/enrolments`, { planId: "gold" })).toEqual([400, "invalid_request"]);
    expect(await call(`${account}/plan`, { from: "free", to: "pro" })).toEqual([422, "invalid_state"]);
    for (const act of ["end", "pause", "resume"]) {
      expect(await call(`/enrolments/999999/${act}`, {})).toEqual([404, "not_found"]);
      expect(await call(`/enrolments/abc/${act}`, {})).toEqual([404, "not_found"]);
    }
  });
});
