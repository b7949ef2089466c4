// What became of a checkout of the signed-in user's: the success page asks until it is settled.
import { auth } from "../../../../auth/auth.ts";
import { readOutcome } from "../../../../billing/outcome.ts";

export const dynamic = "force-dynamic";

interface Context {
  readonly params: Promise<{ readonly checkoutId: string }>;
}

export async function GET(request: Request, { params }: Context): Promise<Response> {
  const session = await auth()?.api.getSession({ headers: request.headers });
  if (!session) return answer(401, { message: "You are signed out." });
  const { checkoutId } = await params;
  const { status } = await readOutcome(session.user.id, checkoutId);
  if (status === "unknown") return answer(404, { message: "There is no such checkout of yours." });
  return answer(200, { status });
}

function answer(status: number, body: object): Response {
  return Response.json(body, { status, headers: { "Cache-Control": "no-store" } });
}
