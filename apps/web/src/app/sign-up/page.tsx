import type { Metadata } from "next";
import Link from "next/link";
import { redirect } from "next/navigation";
import { signUp } from "../../auth/form-actions.ts";
import { nextPath, signInTo } from "../../auth/next-path.ts";
import { currentUser } from "../../auth/session.ts";
import { registerGift } from "../../catalog.ts";
import { AuthForm } from "../../components/auth-form.tsx";

export const metadata: Metadata = { title: "Create an account" };

interface SignUpPageProps {
  readonly searchParams: Promise<{ next?: string | string[] }>;
}

export default async function SignUpPage({ searchParams }: SignUpPageProps) {
  const next = nextPath((await searchParams).next);
  if (await currentUser()) redirect(next);
  return (
    <div className="mx-auto max-w-sm sm:py-6">
      <h1 className="text-2xl font-semibold tracking-tight">Create an account</h1>
      <p className="mt-3 leading-relaxed text-muted">
        You start with {registerGift.credits} credits as a gift, valid {registerGift.validDays} days, and the free
        plan’s monthly credits.
      </p>
      <AuthForm
        next={next}
        action={signUp}
        submitLabel="Create account"
        pendingLabel="Creating your account…"
        newPassword
      />
      <p className="mt-6 text-sm text-muted">
        Have an account?{" "}
        <Link href={signInTo(next)} className="text-link">
          Sign in
        </Link>
      </p>
    </div>
  );
}
