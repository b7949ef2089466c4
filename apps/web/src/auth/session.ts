// Who is signed in. The session cookie is checked in the database, once for each request.
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { cache } from "react";
import { auth } from "./auth.ts";
import { signInTo } from "./next-path.ts";

export const currentUser = cache(async () => {
  const requestHeaders = await headers();
  const session = await auth()?.api.getSession({ headers: requestHeaders });
  return session?.user ?? null;
});

/** The signed-in user; anyone else is sent to the sign-in page, and from there to `path`. */
export async function requireUser(path = "/credits") {
  return (await currentUser()) ?? redirect(signInTo(path));
}
