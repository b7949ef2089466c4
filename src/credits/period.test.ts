import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addMonths, momentOf, wallClock } from "../../test/properties/calendar.ts";
import { openLedger, type Ledger } from "../../test/properties/ledger-fixture.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
});
afterAll(async () => ledger[Symbol.asyncDispose]());

async function periodStarts(anchors: readonly Date[], zone: string, periods: readonly number[]): Promise<number[][]> {
  const rows = await ledger.database.query<{ starts: string[] }>(
    `select array_agg(tallystick.period_start(anchor, $2, k)::text order by k) as starts
     from unnest($1::timestamptz[]) with ordinality as anchors (anchor, n), unnest($3::integer[]) as k group by n order by n`,
    [anchors.map((anchor) => anchor.toISOString()), zone, periods],
  );
  return rows.map(({ starts }) =>
    starts.map((text) => Date.parse(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"))),
  );
}

const periods = Array.from({ length: 28 }, (_, k) => k);

describe("period_start", () => {
  it.each(["UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kathmandu"])(
    "keeps the anchor's local day and hour in %s, on every day of the month, through leap years and clock changes",
    async (zone) => {
      const anchors: Date[] = [];
      for (const month of [0, 9]) {
        for (let day = 1; day <= 31; day += 1) {
          // Midnight, the hour that clocks skip and repeat, and the last minute of the day, by the zone's clock.
          for (const minute of [0, 150, 1439])
            anchors.push(new Date(momentOf(Date.UTC(2023, month, day, 0, minute), zone)));
        }
      }
      const starts = await periodStarts(anchors, zone, periods);
      const expected = anchors.map((anchor) =>
        periods.map((k) => momentOf(addMonths(wallClock(anchor.getTime(), zone), k), zone)),
      );
      expect(starts).toEqual(expected);
    },
  );

  it("clamps to the month's end from the original day, not from the month before", async () => {
    const [starts] = await periodStarts([new Date("2023-12-31T08:00:00Z")], "UTC", [0, 1, 2, 3, 4, 12, 14]);
    expect(starts?.map((start) => new Date(start).toISOString().slice(0, 10))).toEqual([
      "2023-12-31",
      "2024-01-31",
      "2024-02-29",
      "2024-03-31",
      "2024-04-30",
      "2024-12-31",
      "2025-02-28",
    ]);
  });

  it("does not depend on the session's time zone", async () => {
    const read = async (session: string): Promise<unknown> =>
      ledger.database.transaction(async (tx) => {
        await tx.query("select set_config('TimeZone', $1, true)", [session]);
        return tx.query("select tallystick.period_start('2024-01-31 23:30:00+00', 'Europe/Berlin', 1) as start");
      });
    const expected = [{ start: new Date("2024-02-29T23:30:00Z") }];
    expect(await read("UTC")).toEqual(expected);
    expect(await read("Australia/Sydney")).toEqual(expected);
    expect(await read("Asia/Kolkata")).toEqual(expected);
  });
});
