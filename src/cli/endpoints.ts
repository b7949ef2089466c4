// tallystick endpoints list|add|remove|roll-secret|enable|disable
import type { EventType } from "../kernel/outgoing-event.ts";
import type { Endpoint } from "../outgoing/endpoint.ts";
import { UsageError } from "./arguments.ts";
import type { Command } from "./command.ts";
import { pairs, table } from "./table.ts";

export const listEndpoints: Command = {
  name: "endpoints list",
  summary: "Endpoints that events are posted to.",
  parameters: [],
  options: { user: { type: "string", value: "USER", help: "Only this user's own." } },
  prepare:
    (given) =>
    async ({ tally }) => {
      const items = await tally.endpoints.list({ userId: given.option("user") });
      const rows = items.map((one) => [
        Number(one.id),
        one.url,
        one.status,
        one.userId ?? "(everybody)",
        typesText(one),
        one.pending,
        one.failingSince,
      ]);
      const columns = ["id", "url", "status", "of", "types", "pending", "failing since"];
      return { data: { items }, text: table(columns, rows, "No endpoints.") };
    },
};

export const addEndpoint: Command = {
  name: "endpoints add",
  summary: "Post events to a URL; prints the secret that signs them, this once.",
  parameters: ["URL"],
  options: {
    types: {
      type: "string",
      value: "NAMES",
      help: "Types of events, separated by commas; default all but credits.consumed.",
    },
    user: { type: "string", value: "USER", help: "Only events about this user; without it everybody's." },
    description: { type: "string", value: "TEXT", help: "What it is for." },
  },
  prepare(given) {
    const input = {
      url: given.parameter("URL"),
      // What is no type is refused by its name when the endpoint is added.
      types: given
        .option("types")
        ?.split(",")
        .map((type) => type.trim() as EventType),
      userId: given.option("user"),
      description: given.option("description"),
    };
    return async ({ tally, actor }) => {
      const added = await tally.endpoints.add(input, { actor });
      return { data: added, text: `${details(added)}\n\n${secretText(added.secret)}` };
    };
  },
};

export const removeEndpoint: Command = {
  name: "endpoints remove",
  summary: "Remove an endpoint with its deliveries and their log.",
  parameters: ["ID"],
  options: {},
  prepare:
    (given) =>
    async ({ tally, actor }) => {
      const id = given.parameter("ID");
      await tally.endpoints.remove(id, { actor });
      return { data: { id }, text: `Removed endpoint ${id}.` };
    },
};

export const rollSecret: Command = {
  name: "endpoints roll-secret",
  summary: "Make a new secret and print it, this once; the old one signs too for a while.",
  parameters: ["ID"],
  options: { "keep-hours": { type: "string", value: "N", help: "Both sign for N hours, 0 to 720; default 24." } },
  prepare(given) {
    const text = given.option("keep-hours");
    if (text !== undefined && !/^\d{1,3}$/.test(text)) throw new UsageError("--keep-hours must be a whole number.");
    const keepHours = text === undefined ? undefined : Number(text);
    return async ({ tally, actor }) => {
      const rolled = await tally.endpoints.rollSecret(given.parameter("ID"), { keepHours }, { actor });
      return { data: rolled, text: `${details(rolled)}\n\n${secretText(rolled.secret)}` };
    };
  },
};

export const enableEndpoint: Command = {
  name: "endpoints enable",
  summary: "Send to an endpoint again from now on; `endpoints replay` sends what it missed.",
  parameters: ["ID"],
  options: {},
  prepare:
    (given) =>
    async ({ tally, actor }) => {
      const endpoint = await tally.endpoints.enable(given.parameter("ID"), { actor });
      return { data: endpoint, text: details(endpoint) };
    },
};

export const disableEndpoint: Command = {
  name: "endpoints disable",
  summary: "Send an endpoint nothing more until it is enabled.",
  parameters: ["ID"],
  options: {},
  prepare:
    (given) =>
    async ({ tally, actor }) => {
      const endpoint = await tally.endpoints.disable(given.parameter("ID"), { actor });
      return { data: endpoint, text: details(endpoint) };
    },
};

function details(endpoint: Endpoint): string {
  const { id, url, status, disabledReason, userId, previousSecretUntil, pending } = endpoint;
  return pairs([
    ["endpoint", id],
    ["url", url],
    ["status", disabledReason === null ? status : `${status} (${disabledReason})`],
    ["of", userId ?? "(everybody)"],
    ["types", typesText(endpoint)],
    ["pending", pending],
    ["old secret until", previousSecretUntil],
  ]);
}

function typesText({ types }: Endpoint): string {
  return types === null ? "all but credits.consumed" : types.join(", ");
}

function secretText(secret: string): string {
  return `Secret (shown this once): ${secret}`;
}
