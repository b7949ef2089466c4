"use client";
import { useActionState, useEffect } from "react";
import { startCheckout } from "../actions/start-checkout.ts";
import { Notice } from "./notice.tsx";
import { refusalOf } from "./refusal-of.ts";

interface BuyButtonProps {
  readonly priceId: string;
  /** New for each rendered button, so that one button opens one checkout however often it is pressed. */
  readonly formKey: string;
  readonly label: string;
  /** What it buys, for those who don't see the card around it. */
  readonly what: string;
  readonly isPrimary: boolean;
  readonly disabled: boolean;
}

/** Leads to the provider's page. Works before the page's scripts are loaded. */
export function BuyButton({ priceId, formKey, label, what, isPrimary, disabled }: BuyButtonProps) {
  const [result, submit, pending] = useActionState(startCheckout, {});
  useEffect(() => {
    // Back from the provider's page the browser may show this one as it was left, with a key that is used up.
    const renew = ({ persisted }: PageTransitionEvent): void => {
      if (persisted) location.reload();
    };
    addEventListener("pageshow", renew);
    return () => removeEventListener("pageshow", renew);
  }, []);
  return (
    <form action={submit}>
      <input type="hidden" name="priceId" value={priceId} />
      <input type="hidden" name="idempotencyKey" value={formKey} />
      <button
        type="submit"
        disabled={disabled || pending}
        className={`button w-full ${isPrimary ? "button-primary" : "button-quiet"}`}
      >
        {pending ? (
          "Opening the checkout…"
        ) : (
          <>
            {label}
            <span className="sr-only">: {what}</span>
          </>
        )}
      </button>
      <div className="[&_p]:mt-3">
        <Notice kind="error">{pending ? undefined : refusalOf(result)}</Notice>
      </div>
    </form>
  );
}
