// The sandbox's settings, which outlive a restart.
import type { Queryable } from "../../../../db/database.ts";

export interface Settings {
  /** Seconds that everyone's clock is ahead of the database's; what is on a test clock has its own time. */
  readonly clock_offset_s: number;
  /** What happens to a subscription when the last payment attempt failed. */
  readonly after_dunning: "cancel" | "unpaid" | "past_due";
  /** Days between the attempts to take a renewal's payment. */
  readonly dunning_days: readonly number[];
}

export const defaultSettings: Settings = { clock_offset_s: 0, after_dunning: "cancel", dunning_days: [3, 5, 7] };

export async function readSettings(tx: Queryable): Promise<Settings> {
  const rows = await tx.query<{ name: string; value: unknown }>("select name, value from tallystick_sandbox.setting");
  return { ...defaultSettings, ...Object.fromEntries(rows.map(({ name, value }) => [name, value])) };
}

export async function writeSettings(tx: Queryable, settings: Partial<Settings>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    await tx.query(
      `insert into tallystick_sandbox.setting (name, value) values ($1, $2::jsonb)
       on conflict (name) do update set value = excluded.value`,
      [name, JSON.stringify(value)],
    );
  }
}
