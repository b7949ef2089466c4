// better-auth's own endpoints; closed while BETTER_AUTH_SECRET is not set.
import { auth } from "../../../../auth/auth.ts";

export const dynamic = "force-dynamic";

async function handle(request: Request): Promise<Response> {
  return (await auth()?.handler(request)) ?? Response.json({ message: "Sign-in is closed." }, { status: 503 });
}

export { handle as GET, handle as POST };
