import { randomUUID } from "node:crypto";
import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { isTallystickError } from "tallystick";
import type { HistoryPage } from "tallystick";
import { requireUser } from "../../auth/session.ts";
import { catalog } from "../../catalog.ts";
import { env } from "../../env.ts";
import { tally } from "../../tally.ts";
import { welcome } from "../../welcome.ts";
import { BalanceSummary } from "./balance-summary.tsx";
import { ConsumeForm } from "./consume-form.tsx";
import { History } from "./history.tsx";
import { Lots } from "./lots.tsx";

export const metadata: Metadata = { title: "Credits" };

interface CreditsPageProps {
  readonly searchParams: Promise<{ cursor?: string | string[] }>;
}

export default async function CreditsPage({ searchParams }: CreditsPageProps) {
  const user = await requireUser();
  // The ledger was out of reach at sign-up: what was owed then is given now.
  if (!user.welcomedAt) await welcome(user);
  const { cursor } = await searchParams;
  const page = typeof cursor === "string" ? { cursor } : {};
  const [balance, history] = await Promise.all([
    tally().credits.balance({ userId: user.id }),
    tally()
      .credits.history({ userId: user.id, limit: 20, ...page })
      .catch((error: unknown) => {
        // A cursor that was edited by hand.
        if (isTallystickError(error) && error.code === "invalid_request") notFound();
        throw error;
      }),
  ]);
  return (
    <div className="grid gap-12">
      <header>
        <h1 className="text-2xl font-semibold tracking-tight">Credits</h1>
        <p className="mt-1 truncate text-muted">{user.email}</p>
      </header>
      <div className="grid items-start gap-6 lg:grid-cols-[1fr_22rem]">
        <div className="panel">
          <BalanceSummary balance={balance} />
          <Lots lots={balance.lots} />
        </div>
        <ConsumeForm formKey={randomUUID()} />
      </div>
      <History page={withPlanNames(history)} isFirstPage={cursor === undefined} />
    </div>
  );
}

// Distribution describes its grants by the plan's id.
function withPlanNames(page: HistoryPage): HistoryPage {
  const { plan } = catalog(env());
  const named = page.items.map((entry) => {
    const name = entry.type === "usage" ? undefined : plan(entry.description ?? "")?.name;
    return name === undefined ? entry : { ...entry, description: `${name} plan` };
  });
  return { ...page, items: named };
}
