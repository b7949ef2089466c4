-- not breaking
-- Outgoing events: entries of the journal that subscribers wait for, endpoints, and what was sent to them.

-- Who wants to be told of which entries. The triggers that note entries are made and dropped by what stands here, so that
-- a journal that nobody listens to has none.
create table tallystick.credit_outbox_consumer (
  name text primary key constraint credit_outbox_consumer_name_check check (name in ('hooks', 'endpoints')),
  -- Types of events, as subscribers name them, and the types of entries that these are.
  event_types text[] not null,
  entry_types text[] not null,
  -- Of hooks: by type of event, which entries it is and when a process that has the hook was last seen.
  seen jsonb not null default '{}',
  updated_at timestamptz not null
);

-- Entries to tell, written by their own transaction and deleted by the one that tells them. A row is found because it is
-- there and never by a position: ids become visible in another order than they are drawn in.
create table tallystick.credit_outbox (
  consumer text not null,
  account_id bigint not null,
  seq bigint not null,
  entry_id bigint not null,
  entry_type text not null,
  retry_at timestamptz not null,
  attempts integer not null default 0,
  last_error text,
  primary key (consumer, account_id, seq)
);
create index credit_outbox_due_idx on tallystick.credit_outbox (consumer, retry_at, entry_id);

create function tallystick.note_entry() returns trigger language plpgsql as $$
begin
  insert into tallystick.credit_outbox (consumer, account_id, seq, entry_id, entry_type, retry_at)
    values (tg_argv[0], new.account_id, new.seq, new.id, new.type, new.created_at);
  return null;
end $$;

create table tallystick.webhook_endpoint (
  id bigint generated always as identity primary key,
  url text not null constraint webhook_endpoint_url_check check (length(url) between 1 and 2000),
  description text,
  types text[], -- null: every type but the one that is as frequent as use
  user_id text, -- whose events it gets; null: the product's own endpoint, which gets everybody's
  secret text not null,
  -- Signs too until then, while receivers change over.
  previous_secret text,
  previous_secret_until timestamptz,
  status text not null default 'enabled' constraint webhook_endpoint_status_check check (status in ('enabled', 'disabled')),
  disabled_reason text constraint webhook_endpoint_reason_check check (disabled_reason in ('failing', 'gone', 'manual')),
  -- The first failure since the last success.
  failing_since timestamptz,
  -- Left alone until then, because it asked for that or does not answer.
  paused_until timestamptz,
  actor text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint webhook_endpoint_disabled_check check ((status = 'disabled') = (disabled_reason is not null))
);
create index webhook_endpoint_user_id_idx on tallystick.webhook_endpoint (user_id) where user_id is not null;

-- Events that a hook or an endpoint wants. The key makes each told once, and stays when the data is forgotten.
create table tallystick.outgoing_event (
  id bigint generated always as identity primary key,
  event_key text not null constraint outgoing_event_key unique,
  webhook_id text not null default 'msg_' || replace(gen_random_uuid()::text, '-', ''),
  type text not null,
  user_id text,
  data jsonb, -- null: forgotten
  occurred_at timestamptz not null,
  created_at timestamptz not null
);
create index outgoing_event_user_id_idx on tallystick.outgoing_event (user_id, id) where user_id is not null;
create index outgoing_event_kept_idx on tallystick.outgoing_event (created_at) where data is not null;

-- One event to one endpoint; its task sends it.
create table tallystick.outgoing_delivery (
  id bigint generated always as identity primary key,
  event_id bigint not null references tallystick.outgoing_event (id) on delete cascade,
  endpoint_id bigint not null references tallystick.webhook_endpoint (id) on delete cascade,
  task_id bigint not null,
  status text not null default 'pending'
    constraint outgoing_delivery_status_check check (status in ('pending', 'delivered', 'failed', 'cancelled')),
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint outgoing_delivery_event_endpoint_key unique (event_id, endpoint_id),
  constraint outgoing_delivery_finished_check check ((status = 'pending') = (finished_at is null))
);
create index outgoing_delivery_endpoint_idx on tallystick.outgoing_delivery (endpoint_id, id);
create index outgoing_delivery_pending_idx on tallystick.outgoing_delivery (endpoint_id) where status = 'pending';
create index outgoing_delivery_finished_idx on tallystick.outgoing_delivery (finished_at) where finished_at is not null;

-- Every request that was made, with the answer's status; never the answer itself, which is somebody else's.
create table tallystick.outgoing_attempt (
  id bigint generated always as identity primary key,
  delivery_id bigint not null references tallystick.outgoing_delivery (id) on delete cascade,
  status_code integer, -- null: no answer
  error text,
  duration_ms integer not null,
  created_at timestamptz not null
);
create index outgoing_attempt_delivery_idx on tallystick.outgoing_attempt (delivery_id, id);
