// A worker of Trigger.dev's: it has the tasks of examples/trigger, tells what they declare, and runs them for an engine.
import { registerHooks } from "node:module";
import { resourceCatalog } from "@trigger.dev/core/v3";
import { StandardResourceCatalog } from "@trigger.dev/core/v3/workers";
import type { Tallystick } from "../../src/index.ts";
import { hostTally } from "./trigger-tally.ts";

const tallyUrl = new URL("trigger-tally.ts", import.meta.url).href;
// The example's own instance is replaced: here for a process of its own, by a mock of Vitest's in tests.
registerHooks({
  resolve: (specifier, context, next) => next(specifier === "../tally.js" ? tallyUrl : specifier, context),
});

let indexed: Promise<StandardResourceCatalog> | undefined;

/** The tasks of the example, as Trigger.dev finds them when it indexes a deployment; once, for modules load once. */
export async function exampleTasks(): Promise<StandardResourceCatalog> {
  return (indexed ??= index());
}

async function index(): Promise<StandardResourceCatalog> {
  const catalog = new StandardResourceCatalog();
  resourceCatalog.setGlobalResourceCatalog(catalog);
  catalog.setCurrentFileContext("trigger/tallystick.ts", "trigger/tallystick");
  await import("../../examples/trigger/trigger/tallystick.ts");
  return catalog;
}

export interface RunRequest {
  readonly task: string;
  readonly payload: unknown;
}

/** Answers `GET` with the tasks' manifests, and `POST` of a run when its body has ended. */
export async function triggerRuns(tally: Tallystick): Promise<(request: Request) => Promise<Response>> {
  const catalog = await exampleTasks();
  hostTally(tally);
  return async (request) => {
    if (request.method === "GET") return Response.json(catalog.listTaskManifests());
    const { task, payload } = (await request.json()) as RunRequest;
    const { signal } = new AbortController();
    try {
      await catalog.getTask(task)?.fns.run(payload, { signal } as never);
      return new Response(null, { status: 204 });
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  };
}
