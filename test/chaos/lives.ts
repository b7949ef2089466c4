// Lets customers live: one step after another, of customers taken at random, until enough has happened.
import Stripe from "stripe";
import { buyingSteps } from "./buying.ts";
import { beginLife, type Life, type LifeContext } from "./life.ts";
import type { Random } from "./random.ts";
import { subscriptionSteps, type Step } from "./subscribing.ts";

export interface Lives {
  readonly lives: readonly Life[];
  /** How often each step was taken; `refused` counts those that Stripe would not have. */
  readonly steps: Readonly<Record<string, number>>;
}

export interface LivesOptions extends LifeContext {
  readonly seed: number;
  readonly customers: number;
  readonly random: Random;
  /** Called after each step with whose it was; answers whether to go on. */
  readonly afterStep: (life: Life) => Promise<boolean>;
}

export async function live(options: LivesOptions): Promise<Lives> {
  const { seed, customers, random, afterStep } = options;
  const lives: Life[] = [];
  const steps: Record<string, number> = {};
  const count = (name: string): void => {
    steps[name] = (steps[name] ?? 0) + 1;
  };
  for (let goesOn = true; goesOn;) {
    if (lives.length < customers) lives.push(await beginLife(options, seed, lives.length));
    // Whoever has come last begins with something; then it is anyone's turn.
    const life = lives.length < customers ? (lives.at(-1) as Life) : random.pick(lives);
    const step = await choose(options, life);
    try {
      await step(options, life);
      count(step.name);
    } catch (error) {
      if (!isRefusal(error)) throw new Error(`${life.userId} could not ${step.name}`, { cause: error });
      count("refused");
    }
    // Everybody gets a turn.
    goesOn = (await afterStep(life)) || lives.length < customers;
  }
  return { lives, steps };
}

async function choose(context: LifeContext, life: Life): Promise<Step> {
  const choices = [...(await subscriptionSteps(context, life)), ...buyingSteps(life)];
  // A beginning is not with a refund.
  return life.random.weighted(life.subscription === null && !life.hadYear ? choices.slice(0, 5) : choices);
}

function isRefusal(error: unknown): boolean {
  if (error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeCardError) {
    return true;
  }
  return error instanceof Error && error.message.startsWith("The sandbox refused");
}
