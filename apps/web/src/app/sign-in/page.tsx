import type { Metadata } from "next";
import Link from "next/link";
import { redirect } from "next/navigation";
import { signIn } from "../../auth/form-actions.ts";
import { currentUser } from "../../auth/session.ts";
import { AuthForm } from "../../components/auth-form.tsx";

export const metadata: Metadata = { title: "Sign in" };

export default async function SignInPage() {
  if (await currentUser()) redirect("/credits");
  return (
    <div className="mx-auto max-w-sm sm:py-6">
      <h1 className="text-2xl font-semibold tracking-tight">Sign in</h1>
      <AuthForm action={signIn} submitLabel="Sign in" pendingLabel="Signing in…" />
      <p className="mt-6 text-sm text-muted">
        No account yet?{" "}
        <Link href="/sign-up" className="text-link">
          Create one
        </Link>
      </p>
    </div>
  );
}
