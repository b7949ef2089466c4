import { randomUUID } from "node:crypto";
import Link from "next/link";
import { signInTo } from "../../auth/next-path.ts";
import type { Offer } from "../../billing/offers.ts";
import { BuyButton } from "../../components/buy-button.tsx";

export interface Buyer {
  readonly isSignedIn: boolean;
  /** Whether payments are set up. */
  readonly isOpen: boolean;
}

interface PriceRowProps {
  readonly offer: Offer;
  readonly buyer: Buyer;
  readonly label: string;
  readonly isPrimary?: boolean;
  /** present: the user has it. other: the user has the plan at another price. */
  readonly has?: "present" | "other" | undefined;
}

/** A price, and what a visitor can do about it. */
export function PriceRow({ offer, buyer, label, isPrimary = false, has }: PriceRowProps) {
  return (
    <div className="border-t border-line pt-4">
      <p className="flex flex-wrap items-baseline gap-x-1.5">
        {offer.amount === null ? null : (
          <span className="text-2xl font-semibold tracking-tight tabular-nums">{offer.amount}</span>
        )}
        <span className="text-muted">{offer.per}</span>
      </p>
      <div className="mt-3">
        {has === undefined ? (
          <Buying offer={offer} buyer={buyer} label={label} isPrimary={isPrimary} />
        ) : (
          <Having has={has} />
        )}
      </div>
    </div>
  );
}

function Buying({ offer, buyer, label, isPrimary }: Required<Omit<PriceRowProps, "has">>) {
  if (!buyer.isSignedIn) {
    return (
      <Link href={signInTo("/pricing")} className={`button w-full ${isPrimary ? "button-primary" : "button-quiet"}`}>
        {label}
        <span className="sr-only">: {offer.name}</span>
      </Link>
    );
  }
  return (
    <BuyButton
      priceId={offer.priceId}
      formKey={randomUUID()}
      label={label}
      what={offer.name}
      isPrimary={isPrimary}
      disabled={!buyer.isOpen}
    />
  );
}

function Having({ has }: { has: "present" | "other" }) {
  if (has === "present") {
    return (
      <p className="flex min-h-11 items-center text-[0.9375rem] font-medium text-accent">
        <Tick /> You have this
      </p>
    );
  }
  return (
    <Link href="/billing" className="button button-quiet w-full">
      Switch to this
    </Link>
  );
}

function Tick() {
  return (
    <svg viewBox="0 0 16 16" className="mr-2 size-4" aria-hidden="true">
      <path d="M3 8.5l3.2 3.2L13 5" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
