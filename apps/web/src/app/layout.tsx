// The frame of every page. Pages are rendered for each request: the content security policy's nonce and the session
// belong to one request, and the build has no environment to render with.
import type { Metadata, Viewport } from "next";
import Link from "next/link";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { signOut } from "../auth/form-actions.ts";
import { currentUser } from "../auth/session.ts";
import { SandboxNotice } from "../components/sandbox-notice.tsx";
import { Wordmark } from "../components/wordmark.tsx";
import { localStripe } from "../sandbox.ts";
import "./globals.css";

export const metadata: Metadata = {
  title: { default: "Tallystick", template: "%s · Tallystick" },
  description: "Credits that add up: a ledger and payment-event engine for SaaS, in your own Postgres.",
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#faf9f6" },
    { media: "(prefers-color-scheme: dark)", color: "#121311" },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  await connection();
  const signedIn = (await currentUser()) !== null;
  return (
    <html lang="en">
      <body className="flex min-h-dvh flex-col">
        <a href="#content" className="sr-only focus:not-sr-only focus:absolute focus:m-3 focus:rounded-md focus:p-2">
          Skip to content
        </a>
        {localStripe()?.url ? <SandboxNotice /> : null}
        <header className="border-b border-line">
          <div className="mx-auto flex h-16 max-w-5xl items-center justify-between gap-2 sm:gap-4 px-5 sm:px-8">
            <Wordmark isShort={signedIn} />
            <Navigation signedIn={signedIn} />
          </div>
        </header>
        <main id="content" className="mx-auto w-full max-w-5xl flex-1 px-5 py-10 sm:px-8 sm:py-14">
          {children}
        </main>
        <footer className="border-t border-line">
          <p className="mx-auto max-w-5xl px-5 py-6 text-sm text-muted sm:px-8">
            Tallystick is open source under the MIT licence. Your data stays in your own Postgres.
          </p>
        </footer>
      </body>
    </html>
  );
}

function Navigation({ signedIn }: { signedIn: boolean }) {
  const link = "rounded-md px-2 py-2 text-sm whitespace-nowrap font-medium text-muted hover:text-ink";
  const row = "-mr-2 flex items-center sm:gap-2";
  if (!signedIn) {
    return (
      <nav aria-label="Account" className={row}>
        <Link href="/pricing" className={link}>
          Pricing
        </Link>
        <Link href="/sign-in" className={link}>
          Sign in
        </Link>
        <Link href="/sign-up" className={link}>
          Sign up
        </Link>
      </nav>
    );
  }
  return (
    <nav aria-label="Account" className={row}>
      <Link href="/pricing" className={link}>
        Pricing
      </Link>
      <Link href="/credits" className={link}>
        Credits
      </Link>
      <Link href="/billing" className={link}>
        Billing
      </Link>
      <form action={signOut}>
        <button type="submit" className={`${link} cursor-pointer`}>
          Sign out
        </button>
      </form>
    </nav>
  );
}
