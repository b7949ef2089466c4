// Documents in Postgres: read by id, by what they contain, and page by page; written whole.
import type { Queryable } from "../../../../db/database.ts";
import type { Json } from "../../stripe/read.ts";
import type { AnyDocument, Kind, Kinds } from "./kinds.ts";

const TABLE = "tallystick_sandbox.object";

export interface PageRange {
  readonly limit: number;
  /** Older than this one. */
  readonly startingAfter?: string | null;
  /** Newer than this one. */
  readonly endingBefore?: string | null;
  readonly createdFrom?: number | null;
  readonly createdTo?: number | null;
}

export async function findObject<K extends Kind>(tx: Queryable, kind: K, id: string): Promise<Kinds[K] | null> {
  const [row] = await tx.query<{ document: Kinds[K] }>(`select document from ${TABLE} where id = $1 and kind = $2`, [
    id,
    kind,
  ]);
  return row?.document ?? null;
}

/** Whatever kind it is of. */
export async function findAny(tx: Queryable, id: string): Promise<AnyDocument | null> {
  const [row] = await tx.query<{ document: AnyDocument }>(`select document from ${TABLE} where id = $1`, [id]);
  return row?.document ?? null;
}

/** Those that contain the given fields, oldest first. */
export async function findObjects<K extends Kind>(tx: Queryable, kind: K, containing: Json): Promise<Kinds[K][]> {
  const rows = await tx.query<{ document: Kinds[K] }>(
    `select document from ${TABLE} where kind = $1 and document @> $2::jsonb order by seq`,
    [kind, JSON.stringify(containing)],
  );
  return rows.map(({ document }) => document);
}

/** One page, newest first, and one more where there is one. */
export async function pageOfObjects<K extends Kind>(
  tx: Queryable,
  kind: K,
  containing: Json,
  range: PageRange,
): Promise<Kinds[K][]> {
  const upwards = range.endingBefore != null;
  const rows = await tx.query<{ document: Kinds[K] }>(
    `select document from ${TABLE} where kind = $1 and document @> $2::jsonb
       and ($3::text is null or seq < (select seq from ${TABLE} where id = $3))
       and ($4::text is null or seq > (select seq from ${TABLE} where id = $4))
       and ($5::bigint is null or (document->>'created')::bigint >= $5)
       and ($6::bigint is null or (document->>'created')::bigint <= $6)
     order by seq ${upwards ? "asc" : "desc"} limit $7`,
    [
      kind,
      JSON.stringify(containing),
      range.startingAfter ?? null,
      range.endingBefore ?? null,
      range.createdFrom ?? null,
      range.createdTo ?? null,
      range.limit + 1,
    ],
  );
  return rows.map(({ document }) => document);
}

export async function writeObject(tx: Queryable, document: AnyDocument): Promise<void> {
  await tx.query(
    `insert into ${TABLE} (id, kind, document) values ($1, $2, $3::jsonb)
     on conflict (id) do update set document = excluded.document`,
    [document.id, document.object, JSON.stringify(document)],
  );
}

export async function deleteObject(tx: Queryable, id: string): Promise<void> {
  await tx.query(`delete from ${TABLE} where id = $1`, [id]);
}
