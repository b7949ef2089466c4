// Months in a time zone by the platform's own calendar data, to compare Postgres' with.

const formats = new Map<string, Intl.DateTimeFormat>();

/** The wall clock of a zone at a moment, as the milliseconds that UTC would show the same at. */
export function wallClock(moment: number, zone: string): number {
  let format = formats.get(zone);
  if (format === undefined) {
    const two = "2-digit";
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (moment % 1000);
}

/** The moment at which a zone's wall clock shows a time; a skipped hour and a repeated one are read in standard time. */
export function momentOf(wall: number, zone: string): number {
  const offsets = [-86_400_000, 86_400_000].map((away) => wallClock(wall + away, zone) - (wall + away));
  const candidates = offsets.map((offset) => wall - offset);
  const shown = candidates.filter((moment) => wallClock(moment, zone) === wall);
  // Standard time has the smaller offset from UTC, so its moment is the later one.
  return Math.max(...(shown.length > 0 ? shown : candidates));
}

/** Adds months to a wall clock, clamped to the month's last day. */
export function addMonths(wall: number, months: number): number {
  const from = new Date(wall);
  const first = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1));
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return (
    first.getTime() +
    (Math.min(from.getUTCDate(), days) - 1) * 86_400_000 +
    (((wall % 86_400_000) + 86_400_000) % 86_400_000)
  );
}
