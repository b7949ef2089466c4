// Checks of the configuration against the payment providers: prices, and what is sent to this product.
import type { TallystickOptions } from "../../options.ts";
import type { Engine } from "../../engine.ts";
import { isTallystickError } from "../../kernel/errors.ts";
import { count } from "../table.ts";
import { fail, ok, warn, type Finding } from "./finding.ts";

const TIMEOUT_MS = 10_000;

/** Nothing without a provider that can be asked. */
export async function checkProviders(
  { payment }: Pick<Engine, "payment">,
  configured: TallystickOptions["payment"],
): Promise<Finding[]> {
  const providers = configured === undefined ? [] : [configured].flat();
  if (providers.every(({ price }) => price === undefined)) return [];
  const findings: Finding[] = [];
  try {
    findings.push(...(await checkPrices(payment)));
    for (const { name, webhookProblems } of providers) {
      const problems = (await webhookProblems?.(AbortSignal.timeout(TIMEOUT_MS))) ?? [];
      if (webhookProblems !== undefined) findings.push(...webhookFindings(name, problems));
    }
  } catch (error) {
    if (!isTallystickError(error) || error.code !== "provider_unavailable") throw error;
    findings.push(warn("provider", error.message, "See that the secret key is right and may read prices."));
  }
  return findings;
}

async function checkPrices(payment: Engine["payment"]): Promise<Finding[]> {
  const { checked, problems } = await payment.checkCatalog();
  if (problems.length === 0) return [ok("catalog", `${count(checked, "price")} as the provider has them`)];
  const advice =
    "Mend the price in the catalog, or at the provider; until then its payments fail or give what is not sold.";
  return problems.map(({ priceId, name, problem }) => fail("catalog", `${priceId} of ${name} ${problem}`, advice));
}

function webhookFindings(provider: string, problems: readonly string[]): Finding[] {
  if (problems.length === 0) return [ok("webhooks", `${provider} sends every event that has an effect`)];
  const advice = "Add the endpoint or the events at the provider; `tallystick reconcile` applies what was missed.";
  return problems.map((problem) => warn("webhooks", problem, advice));
}
