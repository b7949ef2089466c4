-- not breaking
-- Automatic top-ups: a level of an account that is watched, what is bought below it, and each purchase that was tried.

-- A level that the engine itself watches, beside the rules of alerts and told to nobody.
create table tallystick.credit_watch (
  account_id bigint primary key references tallystick.user_credit (id),
  level bigint not null constraint credit_watch_level_check check (level >= 1),
  -- Since when somebody is to look, set in the transaction that goes below the level.
  crossed_at timestamptz
);
create index credit_watch_crossed_idx on tallystick.credit_watch (crossed_at) where crossed_at is not null;

create table tallystick.auto_top_up (
  account_id bigint primary key,
  user_id text not null,
  provider text not null,
  price_id text not null,
  quantity integer not null constraint auto_top_up_quantity_check check (quantity between 1 and 100),
  below bigint not null constraint auto_top_up_below_check check (below >= 1),
  max_per_month integer not null constraint auto_top_up_max_check check (max_per_month between 1 and 100),
  -- Declines since the last success: after each the next purchase waits, after the last it waits for a person.
  failures integer not null default 0,
  retry_at timestamptz,
  suspended_at timestamptz,
  -- When to look, by time alone.
  check_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index auto_top_up_user_id_idx on tallystick.auto_top_up (user_id);
create index auto_top_up_check_idx on tallystick.auto_top_up (check_at) where check_at is not null;

-- Kept when the settings go: they count for the month, and say what the payments were.
create table tallystick.auto_top_up_attempt (
  id bigint generated always as identity primary key,
  account_id bigint not null,
  user_id text not null,
  provider text not null,
  price_id text not null,
  quantity integer not null,
  -- Names the purchase at the provider, also where several databases share an account there.
  key uuid not null default gen_random_uuid(),
  status text not null default 'pending' constraint auto_top_up_attempt_status_check
    check (status in ('pending', 'action_required', 'succeeded', 'failed', 'cancelled')),
  reason text,
  invoice_id text,
  pay_url text,
  task_id bigint,
  expires_at timestamptz, -- of what waits for the payer
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint auto_top_up_attempt_finished_check check ((status in ('pending', 'action_required')) = (finished_at is null))
);
-- At most one in flight, whatever else goes wrong.
create unique index auto_top_up_in_flight_key on tallystick.auto_top_up_attempt (account_id)
  where status in ('pending', 'action_required');
create unique index auto_top_up_attempt_invoice_key on tallystick.auto_top_up_attempt (provider, invoice_id)
  where invoice_id is not null;
create index auto_top_up_attempt_account_idx on tallystick.auto_top_up_attempt (account_id, created_at);
create index auto_top_up_attempt_user_id_idx on tallystick.auto_top_up_attempt (user_id, id);
