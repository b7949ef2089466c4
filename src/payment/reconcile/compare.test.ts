import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { setUp } from "../../../test/flows/setup.ts";
import type { Happened } from "../provider-queries.ts";
import { comparePage } from "./compare.ts";

function happened(id: string): Happened {
  const event = { id, type: "invoice.paid", apiVersion: null, livemode: false, subject: "cus_1", handled: true };
  return { event: { ...event, payload: { id } }, proof: { kind: "event", id, status: null } };
}

it("an event of a page that can't be stored keeps none of the others from being stored, and is told of", async () => {
  const { sql } = await setUp();
  // Longer than what an index takes, and nothing that can be compressed.
  const page = ["evt_1", randomBytes(6000).toString("base64url"), "evt_2"].map(happened);
  await expect(comparePage(sql, "stripe", page, 5)).rejects.toThrow(/index row size/);
  expect(await sql.query("select event_id from tallystick.webhook_event order by event_id")).toEqual([
    { event_id: "evt_1" },
    { event_id: "evt_2" },
  ]);
  expect(await comparePage(sql, "stripe", [happened("evt_1"), happened("evt_3")], 5)).toEqual([
    { eventId: "evt_3", type: "invoice.paid" },
  ]);
});
