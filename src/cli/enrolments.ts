// tallystick enrolments USER, and what begins, changes and ends one.
import type { Enrolment } from "../credits/enrolment.ts";
import { readChoice } from "./arguments.ts";
import type { Command } from "./command.ts";
import { keyOption, unitOption } from "./command.ts";
import { count, table } from "./table.ts";

export const enrolments: Command = {
  name: "enrolments",
  summary: "List a user's enrolments, the newest first.",
  parameters: ["USER"],
  options: unitOption,
  prepare(given) {
    const account = { userId: given.parameter("USER"), unit: given.option("unit") };
    return async ({ tally }) => {
      const items = await tally.credits.enrolments(account);
      return { data: { items }, text: listed(items) };
    };
  },
};

export const enrol: Command = {
  name: "enrol",
  summary: "Enrol a user in a plan of tallystick.config and grant the first month.",
  parameters: ["USER", "PLAN"],
  options: unitOption,
  prepare(given) {
    const [userId, planId] = [given.parameter("USER"), given.parameter("PLAN")];
    const input = { userId, planId, unit: given.option("unit") };
    return async ({ tally }) => {
      const result = await tally.credits.enrol(input);
      const text = result.created
        ? `${userId} is enrolled in ${planId}.`
        : `${userId} was enrolled in ${planId} before.`;
      return { data: result, text };
    };
  },
};

export const changePlan: Command = {
  name: "change-plan",
  summary: "Change the plan of a running enrolment.",
  parameters: ["USER", "FROM", "TO"],
  options: {
    grant: {
      type: "string",
      value: "RULE",
      help: "What the running month gets now: difference (default), full or next_period.",
    },
    anchor: { type: "string", value: "WHEN", help: "keep (default): months begin as before; now: one begins now." },
    source: { type: "string", value: "SOURCE", help: "Such as a subscription, where several stand on one plan." },
    ...keyOption,
    ...unitOption,
  },
  prepare(given) {
    const input = {
      userId: given.parameter("USER"),
      from: given.parameter("FROM"),
      to: given.parameter("TO"),
      unit: given.option("unit"),
      source: given.option("source"),
      grant: readChoice("grant", given.option("grant"), ["difference", "full", "next_period"]),
      anchor: readChoice("anchor", given.option("anchor"), ["keep", "now"]),
      idempotencyKey: given.option("idempotency-key"),
    };
    return async ({ tally }) => {
      const result = await tally.credits.changePlan(input);
      const text = `${input.userId} has changed to ${input.to}: ${count(result.granted, "credit")} now.`;
      return { data: result, text: `${text}\n${listed([result.enrolment])}` };
    };
  },
};

export const endEnrolment: Command = {
  name: "end-enrolment",
  summary: "End an enrolment; what was granted stays.",
  parameters: ["ENROLMENT"],
  options: {
    when: {
      type: "string",
      value: "WHEN",
      help: "now (default), or term_end: when what is paid for has been granted.",
    },
  },
  prepare(given) {
    const enrolmentId = given.parameter("ENROLMENT");
    const when = readChoice("when", given.option("when"), ["now", "term_end"]);
    return async ({ tally }) => changed(await tally.credits.endEnrolment({ enrolmentId, when }));
  },
};

export const pauseEnrolment: Command = {
  name: "pause-enrolment",
  summary: "Grant an enrolment nothing until it is resumed.",
  parameters: ["ENROLMENT"],
  options: {},
  prepare(given) {
    const enrolmentId = given.parameter("ENROLMENT");
    return async ({ tally }) => changed(await tally.credits.pauseEnrolment({ enrolmentId }));
  },
};

export const resumeEnrolment: Command = {
  name: "resume-enrolment",
  summary: "Resume a paused enrolment and grant what is due.",
  parameters: ["ENROLMENT"],
  options: {
    missed: { type: "string", value: "WHICH", help: "Of the months that began meanwhile: current (default) or all." },
  },
  prepare(given) {
    const enrolmentId = given.parameter("ENROLMENT");
    const missed = readChoice("missed", given.option("missed"), ["current", "all"]);
    return async ({ tally }) => changed(await tally.credits.resumeEnrolment({ enrolmentId, missed }));
  },
};

export const timeZone: Command = {
  name: "time-zone",
  summary: "Set the time zone in which a user's months begin, from the next one on.",
  parameters: ["USER", "ZONE"],
  options: unitOption,
  prepare(given) {
    const [userId, zone] = [given.parameter("USER"), given.parameter("ZONE")];
    const input = { userId, timeZone: zone, unit: given.option("unit") };
    return async ({ tally }) => {
      await tally.credits.setTimeZone(input);
      return { data: { userId, timeZone: zone }, text: `Months of ${userId} begin by the clock of ${zone}.` };
    };
  },
};

function changed(enrolment: Enrolment): { data: Enrolment; text: string } {
  return { data: enrolment, text: listed([enrolment]) };
}

function listed(items: readonly Enrolment[]): string {
  const rows = items.map((one) => [
    one.id,
    one.planId,
    one.status,
    one.periodCount === null ? one.periodsGranted : `${one.periodsGranted} of ${one.periodCount}`,
    one.nextDueAt,
    one.source ?? "",
  ]);
  return table(["id", "plan", "status", "months", "next", "source"], rows, "No enrolments.");
}
