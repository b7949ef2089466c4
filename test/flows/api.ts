// What the tests of the REST API share: bodies, and the reading of refusals.
import type { Database } from "../../src/db/database.ts";

/** A POST of a JSON body; a text is sent as it is. */
export const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers,
});

/** What a refused request must not change. */
export async function ledgerCounts(sql: Database): Promise<unknown> {
  return sql.query(
    `select (select count(*) from tallystick.user_credit) as accounts, (select sum(current_credits)::bigint from tallystick.user_credit) as credits,
       (select count(*) from tallystick.credit_transaction) as entries, (select count(*) from tallystick.task) as tasks`,
  );
}

/** Status and code of an error, which has the documented shape or is none. */
export async function refusalOf(response: Response): Promise<[number, string]> {
  const body = (await response.json()) as { error?: { code?: unknown; message?: unknown } };
  const { code, message } = body.error ?? {};
  const isShaped = Object.keys(body).length === 1 && typeof message === "string" && message.trim() !== "";
  const isJson = response.headers.get("content-type")?.includes("application/json") === true;
  return [response.status, isShaped && isJson ? String(code) : `another shape: ${JSON.stringify(body)}`];
}

/** A text that would end a table if it were ever read as SQL. */
export const injection = "'; drop table tallystick.user_credit; --";
