-- not breaking
-- Distribution: enrolments that pause, change their plan and roll over, and indexes along which a sweep reads each due
-- row once.

alter table tallystick.credit_enrolment
  -- The zone in which the anchor's day and hour are read, for ever: an account that moves keeps them.
  add column anchor_time_zone text not null default 'UTC',
  -- When the period granted last ends and the next begins, as it was promised; null: it is next_due_at.
  add column period_ends_at timestamptz,
  -- What the running period has given, plan changes included, so that a change gives no period twice.
  add column period_credits bigint not null default 0
    constraint credit_enrolment_period_credits_check check (period_credits >= 0),
  add column paused_at timestamptz,
  -- The enrolment that this one goes on with: a renewed term, or a changed plan.
  add column continues_id bigint references tallystick.credit_enrolment (id),
  -- A plan change's key and request.
  add column idempotency_key text constraint credit_enrolment_key_check check (length(idempotency_key) between 1 and 255),
  add column request_hash bytea,
  add constraint credit_enrolment_paused_check check (paused_at is null or next_due_at is null),
  add constraint credit_enrolment_key_hash_check check ((idempotency_key is null) = (request_hash is null));

update tallystick.credit_enrolment enrolment
set anchor_time_zone = account.time_zone,
  period_ends_at = coalesce(enrolment.next_due_at,
    ((enrolment.anchor_at at time zone account.time_zone) + make_interval(months => enrolment.next_period)) at time zone account.time_zone),
  period_credits = coalesce((select entry.amount from tallystick.credit_transaction entry
    where entry.provider = 'tallystick' and entry.fact = 'enrolment:' || enrolment.id || ':' || (enrolment.next_period - 1)), 0)
from tallystick.user_credit account where account.id = enrolment.account_id;

-- Not unique: the account's lock guards it, and a merge may bring two accounts' keys together.
create index credit_enrolment_idempotency_key_idx on tallystick.credit_enrolment (account_id, idempotency_key)
  where idempotency_key is not null;
-- With a second column, so that a sweep goes on behind the row it took last, also among a million of one moment: the
-- entries of rows that were just taken stay in an index until the vacuum, and would be read again by every batch.
drop index tallystick.credit_enrolment_due_idx;
create index credit_enrolment_due_idx on tallystick.credit_enrolment (next_due_at, id) where next_due_at is not null;
drop index tallystick.credit_lot_expiration_idx;
create index credit_lot_expiration_idx on tallystick.credit_lot (expiration_date, account_id)
  where open and expiration_date is not null;
create index credit_enrolment_payment_idx on tallystick.credit_enrolment (payment_id) where payment_id is not null;
