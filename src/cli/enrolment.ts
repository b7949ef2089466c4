// tallystick pause-enrolment, resume-enrolment, end-enrolment ENROLMENT
import type { Enrolment } from "../credits/enrolment.ts";
import { readChoice, UsageError, type Arguments } from "./arguments.ts";
import type { Command, Outcome } from "./command.ts";
import { requirePlans } from "./require-config.ts";

export const pauseEnrolment: Command = {
  name: "pause-enrolment",
  summary: "Grant nothing by an enrolment until it is resumed; what was granted stays.",
  parameters: ["ENROLMENT"],
  options: {},
  prepare(given) {
    const enrolmentId = readEnrolment(given);
    return async ({ tally }) => outcome(await tally.credits.pauseEnrolment({ enrolmentId }));
  },
};

export const resumeEnrolment: Command = {
  name: "resume-enrolment",
  summary: "Resume a paused enrolment and grant what is due. Needs tallystick.config.",
  parameters: ["ENROLMENT"],
  options: {
    missed: {
      type: "string",
      value: "POLICY",
      help: "Of the periods that began meanwhile: current (default), the one running now, or all.",
    },
  },
  prepare(given) {
    const enrolmentId = readEnrolment(given);
    const missed = readChoice("missed", given.option("missed"), ["current", "all"]);
    return async ({ tally, configFile }) => {
      requirePlans(configFile);
      return outcome(await tally.credits.resumeEnrolment({ enrolmentId, missed }));
    };
  },
};

export const endEnrolment: Command = {
  name: "end-enrolment",
  summary: "End an enrolment, now or with its paid term; what was granted stays.",
  parameters: ["ENROLMENT"],
  options: {
    when: {
      type: "string",
      value: "WHEN",
      help: "now (default), or term_end: when what is paid for has been granted.",
    },
  },
  prepare(given) {
    const enrolmentId = readEnrolment(given);
    const when = readChoice("when", given.option("when"), ["now", "term_end"]);
    return async ({ tally }) => outcome(await tally.credits.endEnrolment({ enrolmentId, when }));
  },
};

function readEnrolment(given: Arguments): string {
  const id = given.parameter("ENROLMENT");
  if (!/^\d{1,18}$/.test(id)) {
    throw new UsageError("ENROLMENT must be an enrolment's number, as `tallystick enrolments USER` lists it.");
  }
  return id;
}

function outcome(enrolment: Enrolment): Outcome {
  return { data: enrolment, text: `Enrolment ${enrolment.id} in ${enrolment.planId} ${stateOf(enrolment)}.` };
}

function stateOf({ status, periodsGranted, periodCount, nextDueAt, pausedAt, endedAt }: Enrolment): string {
  const months = periodCount === null ? "" : `, ${periodsGranted} of ${periodCount} months granted`;
  // An end may lie ahead.
  if (endedAt !== null) return `is ended as of ${endedAt.toISOString()}${months}`;
  if (pausedAt !== null) return `is paused since ${pausedAt.toISOString()}${months}`;
  const due = nextDueAt === null ? "" : `, next due ${nextDueAt.toISOString()}`;
  return `is ${status}${months}${due}`;
}
