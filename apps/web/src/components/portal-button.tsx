"use client";
import { useActionState } from "react";
import { openPortal } from "../actions/open-portal.ts";
import { Notice } from "./notice.tsx";
import { refusalOf } from "./refusal-of.ts";

/** Leads to the provider's page of cards and invoices. Works before the page's scripts are loaded. */
export function PortalButton({ label, isPrimary = false }: { label: string; isPrimary?: boolean }) {
  const [result, submit, pending] = useActionState(openPortal, {});
  return (
    <form action={submit}>
      <button
        type="submit"
        disabled={pending}
        className={`button max-sm:w-full ${isPrimary ? "button-primary" : "button-quiet"}`}
      >
        {pending ? "Opening…" : label}
      </button>
      <div className="[&_p]:mt-3">
        <Notice kind="error">{pending ? undefined : refusalOf(result)}</Notice>
      </div>
    </form>
  );
}
