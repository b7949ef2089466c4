// What a route of Stripe's API is: a function of a change and the request's parameters. Here every request is
// authorised, read, made idempotent, done in one transaction, and answered in the caller's API version.
import type { Context, Hono } from "hono";
import type { Json } from "../../stripe/read.ts";
import type { Cause } from "../events/event.ts";
import { render } from "../shape/render.ts";
import { isVersion } from "../shape/version.ts";
import type { Change } from "../store/change.ts";
import { createId } from "../store/ids.ts";
import type { Kind } from "../store/kinds.ts";
import type { World } from "../store/world.ts";
import { checkKey } from "./credentials.ts";
import { expand } from "./expand.ts";
import { parseForm } from "./form.ts";
import { findAnswer, fingerprint, storeAnswer, type StoredAnswer } from "./idempotency.ts";
import { createInFlight, type InFlight } from "./in-flight.ts";
import { page } from "./page.ts";
import { createParams, type Params } from "./params.ts";
import { invalid, Refusal } from "./refusal.ts";
import { refuseUnsupported } from "./unsupported.ts";

export interface Call {
  readonly params: Params;
  /** The part of the path of this name. */
  part(name: string): string;
  readonly version: string;
  readonly path: string;
}

export type Route = (change: Change, call: Call) => Promise<Json>;

export interface Api {
  get(path: string, route: Route): void;
  post(path: string, route: Route): void;
  delete(path: string, route: Route): void;
  /** Retrieval of one and the paged list of a kind, which may be filtered by these fields. */
  resource(path: string, kind: Kind, filters?: readonly string[]): void;
}

/** Routes under /v1 of a Hono application. */
export function createApi(app: Hono, world: World): Api {
  const inFlight = createInFlight();
  const api: Api = {
    get: (path, route) => void app.get(`/v1${path}`, async (context) => read(world, context, route)),
    post: (path, route) => void app.post(`/v1${path}`, async (context) => write({ world, inFlight }, context, route)),
    delete: (path, route) =>
      void app.delete(`/v1${path}`, async (context) => write({ world, inFlight }, context, route)),
    resource(path, kind, filters = []) {
      api.get(`${path}/:id`, async (change, { part }) => change.get(kind, part("id")));
      api.get(path, async (change, { params }) => {
        const given = filters.map((name): [string, string | null] => [name, params.text(name)]);
        const containing = Object.fromEntries(given.filter(([, value]) => value !== null));
        return page(change, kind, { params, containing, url: `/v1${path}` });
      });
    },
  };
  return api;
}

async function read(world: World, context: Context, route: Route): Promise<Response> {
  const call = callOf(context, world, new URL(context.req.url).search);
  return world.read(async (change) => context.json((await answerOf(change, call, route)) as object));
}

async function write(
  { world, inFlight }: { world: World; inFlight: InFlight },
  context: Context,
  route: Route,
): Promise<Response> {
  const body = await context.req.text();
  const call = callOf(context, world, body === "" ? new URL(context.req.url).search : body);
  refuseUnsupported(call.params);
  const key = context.req.header("idempotency-key") ?? null;
  const cause: Cause = { id: context.res.headers.get("request-id"), idempotency_key: key };
  const print = fingerprint(context.req.method, call.path, body);
  const { answer, replayed } = await inFlight.once(key, async () =>
    world.change(async (change) => {
      const stored = key === null ? null : await findAnswer(change.tx, key, print);
      if (stored !== null) return { answer: stored, replayed: true };
      return { answer: await effectOf(change, call, { route, key, print }), replayed: false };
    }, cause),
  );
  if (replayed) context.header("idempotent-replayed", "true");
  return context.json(answer.body as object, answer.status as 200);
}

async function effectOf(
  change: Change,
  call: Call,
  { route, key, print }: { route: Route; key: string | null; print: string },
): Promise<StoredAnswer> {
  try {
    const answer = { status: 200, body: await answerOf(change, call, route) };
    if (key !== null) await storeAnswer(change.tx, key, print, answer);
    return answer;
  } catch (error) {
    // A refusal that keeps what was done is an answer like any other.
    if (!(error instanceof Refusal) || !error.keeps) throw error;
    const body = render({ error: error.body }, call.version);
    if (key !== null) await storeAnswer(change.tx, key, print, { status: error.status, body });
    return { status: error.status, body };
  }
}

async function answerOf(change: Change, call: Call, route: Route): Promise<unknown> {
  const rendered = render(await route(change, call), call.version);
  return expand(change, rendered, { paths: call.params.texts("expand"), version: call.version });
}

function callOf(context: Context, world: World, form: string): Call {
  checkKey(context.req.header("authorization"));
  const version = context.req.header("stripe-version") ?? world.surroundings.version;
  if (!isVersion(version)) throw invalid(`Invalid Stripe API version: ${version}`);
  context.header("stripe-version", version);
  context.header("request-id", createId("req", 14));
  const { path } = context.req;
  return { params: createParams(parseForm(form)), part: (name) => context.req.param(name) ?? "", version, path };
}
