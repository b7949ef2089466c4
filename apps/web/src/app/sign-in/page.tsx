import type { Metadata } from "next";
import Link from "next/link";
import { redirect } from "next/navigation";
import { signIn } from "../../auth/form-actions.ts";
import { nextPath, signInTo } from "../../auth/next-path.ts";
import { currentUser } from "../../auth/session.ts";
import { AuthForm } from "../../components/auth-form.tsx";

export const metadata: Metadata = { title: "Sign in" };

interface SignInPageProps {
  readonly searchParams: Promise<{ next?: string | string[] }>;
}

export default async function SignInPage({ searchParams }: SignInPageProps) {
  const next = nextPath((await searchParams).next);
  if (await currentUser()) redirect(next);
  return (
    <div className="mx-auto max-w-sm sm:py-6">
      <h1 className="text-2xl font-semibold tracking-tight">Sign in</h1>
      <AuthForm next={next} action={signIn} submitLabel="Sign in" pendingLabel="Signing in…" />
      <p className="mt-6 text-sm text-muted">
        No account yet?{" "}
        <Link href={signInTo(next, "/sign-up")} className="text-link">
          Create one
        </Link>
      </p>
    </div>
  );
}
