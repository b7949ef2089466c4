// Who is signed in. The session cookie is checked in the database, once for each request.
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { cache } from "react";
import { auth } from "./auth.ts";

export const currentUser = cache(async () => {
  const requestHeaders = await headers();
  const session = await auth()?.api.getSession({ headers: requestHeaders });
  return session?.user ?? null;
});

/** The signed-in user; anyone else is sent to the sign-in page. */
export async function requireUser() {
  return (await currentUser()) ?? redirect("/sign-in");
}
