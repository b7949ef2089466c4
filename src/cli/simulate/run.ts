// A simulation from its first day to its proof.
import { loadConfig } from "../config.ts";
import type { Outcome } from "../command.ts";
import { surroundings } from "../env.ts";
import { findDatabase } from "../find-database.ts";
import { requireConfig } from "../require-config.ts";
import { refuseUnlessMeant } from "../run-sandbox.ts";
import { TallystickError } from "../../kernel/errors.ts";
import type { Catalog } from "../../payment/catalog.ts";
import { createRandom } from "./random.ts";
import { readReport, reportOutcome } from "./report.ts";
import { createScratchDatabase } from "./scratch-database.ts";
import { storiesOf, type LifeOfStory, type Story } from "./stories.ts";
import { openWorld, type World } from "./world.ts";

export interface SimulationOptions {
  readonly months: number;
  /** Null: one of each story. */
  readonly customers: number | null;
  readonly seed: number;
  readonly keep: boolean;
}

// Within a step everything happens at Stripe at its own moment; the ledger is told at the step's end.
const STEP_DAYS = 5;
const DAYS_OF_A_MONTH = 30.4375;
// Of what is available, at the most, in a step: about all of a month's credits are spent in most months.
const MOST_SPENT = 0.4;

/** @throws invalid_state where no sandbox may run, or the catalog sells nothing; not_found without a database */
export async function runSimulation(options: SimulationOptions): Promise<Outcome> {
  const here = surroundings();
  const { months, seed } = options;
  refuseUnlessMeant(here);
  const { file, config } = await loadConfig(here.directory);
  requireConfig(file, "there is nothing to sell.");
  const stories = requireStories(config.catalog);
  const found = await findDatabase(here);
  try {
    const scratch = await createScratchDatabase(found.url);
    try {
      await using world = await openWorld(scratch.url, config);
      const began = performance.now();
      const lives = await live(world, stories, options);
      const report = await readReport(world.tally, lives);
      const seconds = (performance.now() - began) / 1000;
      return reportOutcome({ ...report, months, seed, seconds, database: options.keep ? scratch.name : null });
    } finally {
      if (!options.keep) await scratch.drop();
    }
  } finally {
    await found.close();
  }
}

function requireStories(catalog: Catalog): readonly Story[] {
  const stories = storiesOf(catalog);
  if (stories.length > 0) return stories;
  throw new TallystickError("invalid_state", "The catalog has no prices: there is nothing to buy in a simulation.");
}

async function live(
  world: World,
  stories: readonly Story[],
  { months, customers, seed }: SimulationOptions,
): Promise<readonly LifeOfStory[]> {
  const random = createRandom(seed);
  const lives: LifeOfStory[] = [];
  for (let index = 0; index < (customers ?? stories.length); index += 1) {
    const story = stories[index % stories.length];
    if (story === undefined) break;
    const userId = `${story.name}-${Math.floor(index / stories.length) + 1}`;
    lives.push({ ...(await world.beginLife(userId)), story });
  }
  const lastDay = Math.ceil(months * DAYS_OF_A_MONTH);
  for (let day = 0; day < lastDay; day += STEP_DAYS) {
    showProgress(day, lastDay);
    for (const life of lives) {
      const due = life.story.acts.filter(([on]) => on >= day && on < day + STEP_DAYS);
      for (const [, act] of due) await act(life);
    }
    await world.pass(Math.min(STEP_DAYS, lastDay - day));
    for (const { userId } of lives) await spend(world, userId, random() * MOST_SPENT);
  }
  showProgress(lastDay, lastDay);
  return lives;
}

async function spend({ tally }: World, userId: string, share: number): Promise<void> {
  const { available } = await tally.credits.balance({ userId });
  const amount = Math.floor(available * share);
  if (amount > 0) await tally.credits.consume({ userId, amount, description: "simulated" });
}

function showProgress(day: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(day === of ? "\r\u001B[K" : `\r\u001B[Kday ${day} of ${of}`);
}
