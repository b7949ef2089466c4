// The API versions whose shapes the sandbox speaks. Versions are dates with a name behind: they order as texts.

/** The present version; what the pinned SDK asks for. */
export const PRESENT_VERSION = "2026-10-28.endive";
/** The last version of the old shape. */
export const OLD_VERSION = "2025-02-24.acacia";

const BASIL = "2025-03-31";
const EMBEDDED_REFUNDS_END = "2022-11-15";

export function isBeforeBasil(version: string): boolean {
  return version < BASIL;
}

/** Whether a charge embeds its refunds. */
export function embedsRefunds(version: string): boolean {
  return version < EMBEDDED_REFUNDS_END;
}

export function isVersion(text: string): boolean {
  return /^\d{4}-\d\d-\d\d(\.[a-z]+)?$/.test(text);
}
