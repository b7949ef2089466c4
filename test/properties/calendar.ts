// Months in a time zone by the platform's own calendar data, to compare Postgres' with.

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The wall clock of a zone at a moment, as the milliseconds that UTC would show the same at. */
export function wallClock(moment: number, zone: string): number {
  if (zone === "UTC") return moment;
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
  // As 31/01/2024, 23:59:59: its parts, read apart, take ten times as long.
  const [day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0] = (
    format.format(moment).match(/\d+/g) ?? []
  ).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) + (moment % 1000);
}

/**
 * The moment at which a zone's wall clock shows a time. A time that is shown twice is its second showing; one that is
 * skipped is read by the clock from before the gap, so that it falls as far behind the gap as it stands in it.
 */
export function momentOf(wall: number, zone: string): number {
  const offsets = [-DAY, DAY].map((away) => wallClock(wall + away, zone) - (wall + away));
  const candidates = offsets.map((offset) => wall - offset);
  const shown = candidates.filter((moment) => wallClock(moment, zone) === wall);
  // Both rules choose the smaller offset from UTC, whose moment is the later one.
  return Math.max(...(shown.length > 0 ? shown : candidates));
}

/** Adds months to a wall clock, clamped to the month's last day. */
export function addMonths(wall: number, months: number): number {
  const from = new Date(wall);
  const first = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1));
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return first.getTime() + (Math.min(from.getUTCDate(), days) - 1) * DAY + (((wall % DAY) + DAY) % DAY);
}

export interface ClockChange {
  /** The first moment of the new clock. */
  readonly at: number;
  /** How far the clock jumps: forward when positive. */
  readonly by: number;
}

/** The changes of a zone's clock between two moments. */
export function clockChanges(zone: string, from: number, to: number): ClockChange[] {
  const offset = (moment: number): number => wallClock(moment, zone) - moment;
  const changes: ClockChange[] = [];
  for (let day = from; day < to; day += DAY) {
    const by = offset(day + DAY) - offset(day);
    if (by === 0) continue;
    let [before, after] = [day, day + DAY];
    while (after - before > 1000) {
      const middle = before + Math.floor((after - before) / 2000) * 1000;
      if (offset(middle) === offset(day)) before = middle;
      else after = middle;
    }
    changes.push({ at: after, by });
  }
  return changes;
}
