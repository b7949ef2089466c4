// Server actions as anybody on the network may call them: by their ids, which every visitor can read in the page's
// scripts, with whatever headers and arguments.
import { readFileSync } from "node:fs";
import path from "node:path";

interface ServerAction {
  readonly id: string;
  /** From apps/web, with the export's name: `src/actions/consume-credits.ts consumeCreditsAction`. */
  readonly name: string;
}

const application = path.resolve(import.meta.dirname, "..");

/** Every server action of the last build. */
export function builtActions(): ServerAction[] {
  const manifest = JSON.parse(
    readFileSync(path.join(application, ".next/server/server-reference-manifest.json"), "utf8"),
  ) as { readonly node: Record<string, { readonly filename: string; readonly exportedName: string }> };
  return Object.entries(manifest.node).map(([id, { filename, exportedName }]) => ({
    id,
    name: `${filename.replace("apps/web/", "")} ${exportedName}`,
  }));
}

export interface ActionCall {
  /** The page it is sent to. */
  readonly page: string;
  /** Arguments, the last of which may be a form's fields. */
  readonly args: readonly unknown[];
  readonly form?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Calls an action as the framework's own script does. */
export async function callAction(
  url: string,
  id: string,
  { page, args, form, headers }: ActionCall,
): Promise<Response> {
  const body = form === undefined ? JSON.stringify(args) : new FormData();
  if (typeof body !== "string") {
    for (const [name, value] of Object.entries(form ?? {})) body.set(`_1_${name}`, value);
    body.set("0", JSON.stringify([...args, "$K1"]));
  }
  return fetch(`${url}${page}`, {
    method: "POST",
    redirect: "manual",
    headers: {
      "next-action": id,
      accept: "text/x-component",
      ...(typeof body === "string" && { "content-type": "text/plain;charset=UTF-8" }),
      ...headers,
    },
    body,
  });
}

/** Sends an action as a form without scripts does: what another site's page could submit. */
export async function submitForm(
  url: string,
  id: string,
  { page, form = {}, headers }: Omit<ActionCall, "args">,
): Promise<Response> {
  const body = new FormData();
  body.set(`$ACTION_ID_${id}`, "");
  for (const [name, value] of Object.entries(form)) body.set(name, value);
  return fetch(`${url}${page}`, { method: "POST", redirect: "manual", headers, body });
}
