import type { ReactNode } from "react";
import { requireUser } from "../../auth/session.ts";

// Here and not in the page alone: behind the loading state a redirect would come too late to be an HTTP redirect.
export default async function BillingLayout({ children }: { children: ReactNode }) {
  await requireUser("/billing");
  return children;
}
