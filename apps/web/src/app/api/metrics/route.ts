// What is measured, for a scraper that has the secret.
import { tally } from "../../../tally.ts";

export const dynamic = "force-dynamic";

export async function GET(request: Request): Promise<Response> {
  return tally().handlers.metrics(request);
}
