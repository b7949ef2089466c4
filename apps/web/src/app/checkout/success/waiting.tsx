"use client";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import type { Outcome } from "../../../billing/outcome.ts";

interface WaitingProps {
  readonly checkoutId: string;
  readonly status: Outcome["status"];
  /** This page's path. */
  readonly self: string;
  /** How often the page was loaded anew, without scripts. */
  readonly tries: number;
}

const longAfterMs = 30_000;
const firstPauseMs = 700;
const longestPauseMs = 10_000;
const refreshSeconds = 4;

/** Asks until the outcome is settled, at first often and then more and more seldom. Without scripts the page loads itself anew. */
export function Waiting({ checkoutId, status, self, tries }: WaitingProps) {
  const takesLong = useSettling(checkoutId, status) || tries * refreshSeconds * 1000 >= longAfterMs;
  const again = `${self}&tries=${tries + 1}`;
  const isOpen = status === "open";
  const { title, text } = words[isOpen || status === "unreachable" ? status : "processing"];
  return (
    <>
      <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
      {isOpen ? null : (
        <div className="mt-5 h-1.5 overflow-hidden rounded-full bg-line" aria-hidden="true">
          <div className="progress h-full w-2/5 rounded-full bg-accent" />
        </div>
      )}
      <p className="mt-5 leading-relaxed text-muted">
        {takesLong && !isOpen
          ? "This takes longer than usual. Nothing is lost: the credits are added by themselves once the payment is confirmed, and you may leave this page."
          : text}
      </p>
      <p className="mt-6">
        <a href={again} className="text-link">
          Check again
        </a>
        {isOpen ? (
          <Link href="/pricing" className="text-link ml-5">
            Back to pricing
          </Link>
        ) : null}
      </p>
      <noscript>
        <meta httpEquiv="refresh" content={`${refreshSeconds};url=${again}`} />
      </noscript>
    </>
  );
}

const words = {
  processing: {
    title: "Payment received, credits are on their way",
    text: "This page shows them as soon as they are on your account. It takes a few seconds.",
  },
  open: {
    title: "This checkout is not paid yet",
    text: "Nothing was charged so far. Once you have paid, this page shows your credits.",
  },
  unreachable: {
    title: "Your payment can’t be checked at the moment",
    text: "The payment provider does not answer. If you have paid, your credits are added by themselves.",
  },
};

/** Loads the page's state anew once it is another. Answers whether that takes long. */
function useSettling(checkoutId: string, status: string): boolean {
  const router = useRouter();
  const [takesLong, setTakesLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setTakesLong(true), longAfterMs);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async (pauseMs: number): Promise<void> => {
      const now = await statusOf(checkoutId, stop.signal);
      if (stop.signal.aborted) return;
      if (now !== status && now !== null) router.refresh();
      timer = setTimeout(() => void ask(Math.min(pauseMs * 1.4, longestPauseMs)), pauseMs);
    };
    void ask(firstPauseMs);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [checkoutId, status, router]);
  return takesLong;
}

/** Null: it could not be asked; the next try may. */
async function statusOf(checkoutId: string, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(`/api/checkouts/${encodeURIComponent(checkoutId)}`, { signal });
    // Signed out, or no such checkout any more: the page says so.
    if (response.status === 401 || response.status === 404) return "gone";
    if (!response.ok) return null;
    return ((await response.json()) as { status: string }).status;
  } catch {
    return null;
  }
}
