// The beginnings of periods against the platform's own calendar data, which is not Postgres'.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addMonths, clockChanges, momentOf, wallClock } from "../../test/properties/calendar.ts";
import { openLedger, type Ledger } from "../../test/properties/ledger-fixture.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
});
afterAll(async () => ledger[Symbol.asyncDispose]());

/** The beginnings of the periods of each anchor. */
async function periodStarts(
  anchors: readonly number[],
  zone: string,
  periods: readonly number[],
): Promise<readonly (readonly number[])[]> {
  const rows = await ledger.database.query<{ starts: readonly number[] }>(
    `select json_agg(extract(epoch from tallystick.period_start(anchor, $2, k)) * 1000 order by k) as starts
     from unnest($1::timestamptz[]) with ordinality as anchors (anchor, n), unnest($3::integer[]) as k group by n order by n`,
    [anchors.map((anchor) => new Date(anchor).toISOString()), zone, periods],
  );
  return rows.map(({ starts }) => starts);
}

// Both hemispheres, halves and quarters of hours, a clock that jumped over a day, and changes at midnight.
const zones = [
  "UTC",
  "Europe/Berlin",
  "Europe/Dublin",
  "America/New_York",
  "America/Sao_Paulo",
  "America/Santiago",
  "Australia/Sydney",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Auckland",
  "Asia/Kathmandu",
  "Asia/Tehran",
];
const minutes = (count: number): number => count * 60_000;
// Through 2000 and 2024, which are leap years, and 2100, which is none.
const leaps = [1999, 2023, 2099];
const periods = Array.from({ length: 28 }, (_, k) => k);

describe("period_start", () => {
  it.each(zones)(
    "keeps the anchor's local day and hour in %s, on every day of the month, through leap years and clock changes",
    async (zone) => {
      const walls = leaps.flatMap((year) =>
        Array.from({ length: 31 }, (_, index) => index + 1).flatMap((day) =>
          [0, 150, 1439].map((minute) => Date.UTC(year, 0, day, 0, minute)),
        ),
      );
      const anchors = walls.map((wall) => momentOf(wall, zone));
      const expected = anchors.map((anchor) =>
        periods.map((k) => momentOf(addMonths(wallClock(anchor, zone), k), zone)),
      );
      expect(await periodStarts(anchors, zone, periods)).toEqual(expected);
    },
  );

  it.each(zones)("begins one period in each calendar month of %s, one after the other", async (zone) => {
    const anchors = leaps.flatMap((year) => [29, 30, 31].map((day) => momentOf(Date.UTC(year, 11, day, 23), zone)));
    for (const [index, starts] of (await periodStarts(anchors, zone, periods)).entries()) {
      const first = monthOf(anchors[index] ?? 0, zone);
      expect(starts.map((start) => monthOf(start, zone))).toEqual(periods.map((k) => first + k));
    }
  });

  const changing = zones.flatMap((zone) => {
    const changes = [2000, 2011, 2024, 2100].flatMap((year) =>
      clockChanges(zone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 2)),
    );
    return changes.length === 0 ? [] : [{ zone, changes }];
  });

  it("is proved at clock changes in both directions, of an hour, of half an hour and of a day", () => {
    const jumps = new Set(changing.flatMap(({ changes }) => changes.map(({ by }) => by)));
    for (const by of [60, -60, 30, -30, 24 * 60]) expect(jumps).toContain(minutes(by));
    expect(changing.length).toBeGreaterThan(8);
  });

  it.each(changing)(
    "begins once at the very hours that clocks in $zone skip and repeat: behind a gap, at the second showing",
    async ({ zone, changes }) => {
      let proved = 0;
      for (const { at, by } of changes) {
        const length = Math.abs(by);
        const [from, to] = [wallClock(at, zone) - Math.max(by, 0), wallClock(at, zone) + Math.max(-by, 0)];
        const walls = [from - 1000, from, from + length / 2, to - 1000, to];
        // A month and a year before, when the clocks did not change at these hours.
        const back = [1, 12].filter((k) => walls.every((wall) => isPlain(addMonths(wall, -k), wall, k, zone)));
        for (const k of back) {
          const anchors = walls.map((wall) => momentOf(addMonths(wall, -k), zone));
          const starts = (await periodStarts(anchors, zone, [k])).flat();
          proved += 1;
          expect(starts).toEqual(walls.map((wall) => momentOf(wall, zone)));
          expect(starts.map((start) => wallClock(start, zone))).toEqual(
            walls.map((wall) => (by > 0 && wall >= from && wall < to ? wall + length : wall)),
          );
          if (by < 0) {
            const twice = starts.filter((start) => wallClock(start - length, zone) === wallClock(start, zone));
            expect(twice).toEqual(starts.slice(1, 4));
          }
        }
      }
      expect(proved).toBeGreaterThanOrEqual(changes.length);
    },
  );

  it("clamps to the month's end from the original day, not from the month before", async () => {
    const [starts] = await periodStarts([Date.parse("2023-12-31T08:00:00Z")], "UTC", [0, 1, 2, 3, 4, 12, 14]);
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

  it.each([
    ["1999-11-30T00:00:00Z", 3, "2000-02-29T00:00:00Z"],
    ["2000-02-29T00:00:00Z", 12, "2001-02-28T00:00:00Z"],
    ["2000-02-29T00:00:00Z", 48, "2004-02-29T00:00:00Z"],
    ["2024-02-29T23:59:59Z", 12, "2025-02-28T23:59:59Z"],
    ["2096-02-29T12:00:00Z", 48, "2100-02-28T12:00:00Z"],
    ["2099-12-31T00:00:00Z", 2, "2100-02-28T00:00:00Z"],
  ])("from %s, period %i begins at %s", async (anchor, k, start) => {
    expect(await periodStarts([Date.parse(anchor)], "UTC", [k])).toEqual([[Date.parse(start)]]);
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

/** Months since the year 0. */
function monthOf(moment: number, zone: string): number {
  const shown = new Date(wallClock(moment, zone));
  return shown.getUTCFullYear() * 12 + shown.getUTCMonth();
}

/** Whether a time is shown once, and leads to `wall` after k months. */
function isPlain(before: number, wall: number, k: number, zone: string): boolean {
  const moment = momentOf(before, zone);
  return (
    addMonths(before, k) === wall &&
    wallClock(moment, zone) === before &&
    wallClock(moment - 86_400_000, zone) === before - 86_400_000 &&
    wallClock(moment + 86_400_000, zone) === before + 86_400_000
  );
}
