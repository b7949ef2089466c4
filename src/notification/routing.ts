// Which announcements go to which channel, and how long repeated ones are gathered there.
import type { Announcement, AnnouncementKind } from "../kernel/announcement.ts";
import { TallystickError } from "../kernel/errors.ts";
import type { Channel, Severity } from "./channel.ts";
import { announcementKinds, defaultGroupWithinMs, isAnnouncementKind, unknownKind } from "./kinds.ts";

type Subject<Kind extends string> = Kind extends `${infer Name}.${string}` ? Name : never;

/** A kind, or all kinds of a subject: `payment.*`. */
export type KindFilter = AnnouncementKind | `${Subject<AnnouncementKind>}.*`;

/** A channel with what it takes. A channel alone takes everything. */
export interface NotificationRoute {
  readonly channel: Channel;
  /** Default: every kind. */
  readonly kinds?: readonly KindFilter[] | undefined;
  /** The mildest severity taken; default info, which is every one. */
  readonly minSeverity?: Severity | undefined;
  /**
   * Repeated announcements of one kind and cause become one message: after one was told, those of the next so many
   * milliseconds are gathered and told together. 0 never gathers. Default: ten minutes for task.dead, cron.missed and
   * audit.failed, 0 for all others.
   */
  readonly groupWithinMs?: number | undefined;
}

export type NotificationTarget = Channel | NotificationRoute;

export interface Routing {
  /** Every channel once. */
  readonly channels: readonly Channel[];
  /** How the channel treats such an announcement; undefined: it does not take it. The first route that fits decides. */
  find(channel: Channel, kind: string, severity: Severity): { readonly groupWithinMs: number } | undefined;
}

const severities: readonly Severity[] = ["info", "warning", "critical"];
const MAX_GROUP_WITHIN_MS = 24 * 3_600_000;

/** Reads the option `notifications`. A channel may stand in several routes. @throws invalid_request for what can't be meant */
export function createRouting(targets: readonly NotificationTarget[]): Routing {
  const routes = targets.map((target): NotificationRoute => ("channel" in target ? target : { channel: target }));
  routes.forEach(checkRoute);
  const channels = [...new Set(routes.map(({ channel }) => channel))];
  const names = channels.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new TallystickError("invalid_request", `Two notification channels are named ${twice}; names are unique.`);
  }
  return {
    channels,
    find(channel, kind, severity) {
      const route = routes.find((candidate) => candidate.channel === channel && takes(candidate, kind, severity));
      if (route === undefined) return undefined;
      const standard = isAnnouncementKind(kind) ? defaultGroupWithinMs[kind] : undefined;
      return { groupWithinMs: route.groupWithinMs ?? standard ?? 0 };
    },
  };
}

/** What announcements of one kind must have in common to be told together. */
export function causeOf(announcement: Announcement): string {
  if (announcement.kind === "task.dead") return announcement.taskName;
  if (announcement.kind === "cron.missed") return announcement.name;
  return "unit" in announcement ? announcement.unit : "";
}

function takes({ kinds, minSeverity = "info" }: NotificationRoute, kind: string, severity: Severity): boolean {
  const isKind = kinds === undefined || kinds.some((filter) => fits(filter, kind));
  return isKind && severities.indexOf(severity) >= severities.indexOf(minSeverity);
}

function fits(filter: string, kind: string): boolean {
  return filter.endsWith(".*") ? kind.startsWith(filter.slice(0, -1)) : kind === filter;
}

function checkRoute({ channel, kinds, minSeverity, groupWithinMs }: NotificationRoute): void {
  const where = `The route to notification channel ${channel.name}`;
  const refuse = (problem: string): TallystickError => new TallystickError("invalid_request", `${where} ${problem}.`);
  if (kinds?.length === 0) throw refuse("takes no kind; leave kinds out to take every kind");
  const wrong = kinds?.find((filter) => !Object.keys(announcementKinds).some((kind) => fits(filter, kind)));
  if (wrong !== undefined) throw unknownKind(wrong, where);
  if (minSeverity !== undefined && !severities.includes(minSeverity)) {
    throw refuse(`has minSeverity ${JSON.stringify(minSeverity)}; it is one of ${severities.join(", ")}`);
  }
  if (groupWithinMs !== undefined && !(Number.isSafeInteger(groupWithinMs) && isWindow(groupWithinMs))) {
    throw refuse(`has groupWithinMs ${groupWithinMs}; it is a whole number from 0 to ${MAX_GROUP_WITHIN_MS}`);
  }
}

function isWindow(ms: number): boolean {
  return ms >= 0 && ms <= MAX_GROUP_WITHIN_MS;
}
