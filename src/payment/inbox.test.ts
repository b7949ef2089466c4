import { expect, it } from "vitest";
import { sendEvent, uniqueId } from "../../test/support/engine.ts";
import { setUp } from "../../test/flows/setup.ts";

it.each([
  ["U+0000", "a\u0000b", "a\ufffdb"],
  ["half a surrogate pair", "a\ud800b", "a\ufffdb"],
  ["a literal backslash before u0000", "a\\u0000b", "a\\u0000b"],
  ["two halves of pairs that are none", "a\ud800\ud800b", "a\ufffd\ufffdb"],
  ["a whole surrogate pair", "a😀b", "a😀b"],
])("an event with %s in a text is stored, not refused for ever", async (_, name, stored) => {
  const { tally, sql } = await setUp();
  const id = uniqueId("evt");
  const response = await sendEvent(tally, {
    id,
    type: "invoice.paid",
    object: { id: uniqueId("in"), name, [`key ${name}`]: 1 },
  });
  expect(response.status).toBe(200);
  const [row] = await sql.query(
    "select payload #>> '{data,object,name}' as name from tallystick.webhook_event where event_id = $1",
    [id],
  );
  expect(row).toEqual({ name: stored });
});

it("an event that has no effect is recorded once, and what it tells is not kept", async () => {
  const { tally, sql } = await setUp();
  const id = uniqueId("evt");
  const object = { id: uniqueId("cus"), email: "ada@example.com", metadata: { userId: "ada" } };
  for (let sent = 0; sent < 2; sent += 1) {
    expect((await sendEvent(tally, { id, type: "customer.updated", object })).status).toBe(200);
  }
  const rows = await sql.query("select event_id, type, status, task_id, payload from tallystick.webhook_event");
  expect(rows).toEqual([{ event_id: id, type: "customer.updated", status: "ignored", task_id: null, payload: null }]);
});
