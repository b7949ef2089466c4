// What a page shows of an action that did nothing.

/** Undefined: it did something, or was not called yet. */
export function refusalOf(result: {
  readonly serverError?: string | undefined;
  readonly validationErrors?: unknown;
}): string | undefined {
  return (
    result.serverError ?? (result.validationErrors ? "This page is out of date. Reload it and try again." : undefined)
  );
}
