-- not breaking
-- What payment providers told us, and the state it adds up to.

create table tallystick.webhook_event (
  id bigint generated always as identity primary key,
  provider text not null,
  event_id text not null,
  type text not null,
  api_version text,
  livemode boolean,
  status text not null constraint webhook_event_status_check check (status in ('pending', 'processed', 'ignored', 'dead')),
  task_id bigint,
  payload jsonb not null,
  received_at timestamptz not null,
  processed_at timestamptz,
  constraint webhook_event_event_id_key unique (provider, event_id)
);
create index webhook_event_status_idx on tallystick.webhook_event (status, id);

create table tallystick.customer (
  id bigint generated always as identity primary key,
  provider text not null,
  customer_id text not null,
  user_id text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint customer_customer_id_key unique (provider, customer_id)
);
create index customer_user_id_idx on tallystick.customer (user_id);

create table tallystick.payment (
  id bigint generated always as identity primary key,
  provider text not null,
  user_id text,
  customer_id text,
  price_id text,
  type text not null constraint payment_type_check check (type in ('one_time', 'subscription')),
  session_id text,
  invoice_id text,
  payment_intent_id text,
  subscription_id text,
  status text not null constraint payment_status_check check (status in ('pending', 'paid', 'failed')),
  paid boolean not null default false,
  paid_at timestamptz,
  -- Minor units of the currency.
  amount bigint,
  currency text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint payment_reference_check check (session_id is not null or invoice_id is not null),
  constraint payment_paid_check check (paid = (status = 'paid'))
);
create unique index payment_session_key on tallystick.payment (provider, session_id) where session_id is not null;
create unique index payment_invoice_key on tallystick.payment (provider, invoice_id) where invoice_id is not null;
create index payment_intent_idx on tallystick.payment (provider, payment_intent_id) where payment_intent_id is not null;
create index payment_user_id_idx on tallystick.payment (user_id, id);

create table tallystick.subscription (
  id bigint generated always as identity primary key,
  provider text not null,
  subscription_id text not null,
  customer_id text,
  user_id text,
  price_id text,
  plan_id text,
  quantity bigint not null default 1,
  status text not null,
  current_period_start timestamptz,
  current_period_end timestamptz,
  cancel_at_period_end boolean not null default false,
  cancel_at timestamptz,
  canceled_at timestamptz,
  ended_at timestamptz,
  trial_end timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint subscription_subscription_id_key unique (provider, subscription_id)
);
create index subscription_user_id_idx on tallystick.subscription (user_id);
