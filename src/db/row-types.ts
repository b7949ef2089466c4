// One reading of Postgres types whatever the driver: int8 as a safe integer, timestamptz as Date, json parsed.
import pg from "pg";
import { TallystickError } from "../kernel/errors.ts";

const INT8 = 20;
const NUMERIC = 1700;
const TIMESTAMPTZ = 1184;
const JSON_TYPE = 114;
const JSONB = 3802;

export function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new TallystickError("internal", `the database answered ${text}, beyond the safe integers`);
  }
  return value;
}

// Postgres writes 2026-01-31 00:00:00.5+00; Date wants a T and minutes in the zone.
function timestamp(text: string): Date {
  const time = new Date(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
  if (Number.isNaN(time.getTime())) {
    throw new TallystickError("internal", "The database writes times in another style than ISO; set datestyle to ISO.");
  }
  return time;
}

type Readers = Readonly<Record<number, (text: string) => unknown>>;

const scalarReaders: Readers = { [INT8]: safeInteger, [NUMERIC]: safeInteger, [TIMESTAMPTZ]: timestamp };

const readers: Readers = {
  ...scalarReaders,
  [JSON_TYPE]: (text) => JSON.parse(text) as unknown,
  [JSONB]: (text) => JSON.parse(text) as unknown,
};

/** Given to pg per query, so that a pool which the caller passed keeps its own parsers for its own queries. */
export const rowTypes: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: unknown) {
    return readers[oid] ?? (pg.types.getTypeParser as (oid: number, format?: unknown) => unknown)(oid, format);
  },
};

interface ResultLike {
  rows?: Record<string, unknown>[];
  fields?: { name: string; dataTypeID: number }[];
  columns?: { name: string; type: number }[];
}

/**
 * Reads what Drizzle's `execute` answers: pg's result object, or postgres.js' array of rows. JSON was parsed by either
 * driver already, and a string in it must not be parsed again.
 */
export function normaliseRows(result: unknown): Record<string, unknown>[] {
  const { fields, columns } = result as ResultLike;
  const rows = Array.isArray(result) ? (result as Record<string, unknown>[]) : ((result as ResultLike).rows ?? []);
  const types = new Map<string, number>();
  for (const field of fields ?? []) types.set(field.name, field.dataTypeID);
  for (const column of columns ?? []) types.set(column.name, column.type);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const reader = typeof value === "string" ? scalarReaders[types.get(name) ?? 0] : undefined;
        return [name, reader ? reader(value as string) : value];
      }),
    ),
  );
}
