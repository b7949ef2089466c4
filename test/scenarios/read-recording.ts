// Reads a scenario's events from the recordings, oldest first.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Scenario, Source } from "./scenarios.ts";

export type Json = Readonly<Record<string, unknown>>;

/** An event as it was recorded. */
export interface Recording extends Json {
  readonly id?: string;
  readonly type: string;
  readonly api_version?: string | null;
  readonly created?: number;
  readonly data: { readonly object: Json; readonly previous_attributes?: Json };
}

const root = path.resolve(import.meta.dirname, "../fixtures/stripe");

export function readRecording({ sources }: Pick<Scenario, "sources">): readonly Recording[] {
  return sources.flatMap(readSource);
}

function readSource(source: Source): readonly Recording[] {
  if ("list" in source) return readLists(source.list);
  if ("event" in source) return [readJson(path.join(root, source.event)) as Recording];
  return [{ type: source.type, data: readJson(path.join(root, source.data)) as Recording["data"] }];
}

// Each file is an answer of /v1/events, newest first; the files are numbered in the order of asking.
function readLists(prefix: string): readonly Recording[] {
  const folder = path.join(root, path.dirname(prefix));
  const start = `${path.basename(prefix)}--Event.list.`;
  return readdirSync(folder)
    .filter((file) => file.startsWith(start))
    .map((file) => ({ file, number: Number.parseInt(file.slice(start.length), 10) }))
    .toSorted((a, b) => a.number - b.number)
    .flatMap(({ file }) => (readJson(path.join(folder, file)) as { data: readonly Recording[] }).data.toReversed());
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
