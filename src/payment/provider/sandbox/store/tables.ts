// The sandbox's own tables, in a schema apart from the ledger's: what a local Stripe remembers. They are created by the
// sandbox and may be dropped at any time; the library's migrations know nothing of them.

export const SCHEMA = "tallystick_sandbox";

export const tables = `
  create schema if not exists ${SCHEMA};
  -- Every resource as one document, in the present shape; fields that begin with _ are the sandbox's own.
  create table if not exists ${SCHEMA}.object (
    id text primary key,
    seq bigint generated always as identity,
    kind text not null,
    document jsonb not null
  );
  create index if not exists object_kind on ${SCHEMA}.object (kind, seq);
  create index if not exists object_document on ${SCHEMA}.object using gin (document jsonb_path_ops);
  -- What happened: the object after it and, of a change, before it. Rendered for each endpoint's API version.
  create table if not exists ${SCHEMA}.event (
    id text primary key,
    seq bigint generated always as identity,
    type text not null,
    created bigint not null,
    api_version text not null,
    object jsonb not null,
    before jsonb,
    request jsonb not null
  );
  create index if not exists event_seq on ${SCHEMA}.event (seq);
  -- The outbox: one row for each event and endpoint. Due and leased by the database's clock, never by a test clock.
  create table if not exists ${SCHEMA}.delivery (
    id bigint generated always as identity primary key,
    event_id text not null,
    endpoint_id text not null,
    status text not null default 'pending',
    attempts integer not null default 0,
    due_at timestamptz not null,
    leased_until timestamptz,
    last_result text
  );
  create index if not exists delivery_due on ${SCHEMA}.delivery (due_at, id) where status = 'pending';
  create index if not exists delivery_event on ${SCHEMA}.delivery (event_id);
  -- What time will do: one row for each object and kind of work. clock is a test clock's id, or empty for everyone's.
  create table if not exists ${SCHEMA}.due (
    object_id text not null,
    work text not null,
    clock text not null,
    at bigint not null,
    seq bigint generated always as identity,
    primary key (object_id, work)
  );
  create index if not exists due_at on ${SCHEMA}.due (clock, at, seq);
  create table if not exists ${SCHEMA}.idempotency (
    key text primary key,
    fingerprint text not null,
    status integer not null,
    body jsonb not null
  );
  create table if not exists ${SCHEMA}.setting (name text primary key, value jsonb not null);
`;
