import type { ReactNode } from "react";

/** The outcome of a form. It stays in the page while empty, so that screen readers announce what appears in it. */
export function Notice({ kind, children }: { kind: "error" | "success"; children?: ReactNode }) {
  const look = kind === "error" ? "bg-danger-surface text-danger" : "bg-success-surface text-accent";
  return (
    <div role={kind === "error" ? "alert" : "status"}>
      {children ? <p className={`rounded-lg px-3.5 py-2.5 text-sm ${look}`}>{children}</p> : null}
    </div>
  );
}
