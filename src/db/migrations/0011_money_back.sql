-- not breaking
-- Money that goes back: by what names a provider calls a payment when it tells of its refunds and disputes, and these.

-- A payment's money moves by payment intents and charges; one invoice may have several.
create table tallystick.payment_charge (
  id bigint generated always as identity primary key,
  provider text not null,
  reference text not null,
  payment_id bigint not null references tallystick.payment (id),
  created_at timestamptz not null default clock_timestamp(),
  constraint payment_charge_reference_key unique (provider, reference)
);
create index payment_charge_payment_id_idx on tallystick.payment_charge (payment_id);

insert into tallystick.payment_charge (provider, reference, payment_id)
  select provider, payment_intent_id, id from tallystick.payment where payment_intent_id is not null order by id
  on conflict do nothing;

create table tallystick.payment_return (
  id bigint generated always as identity primary key,
  provider text not null,
  return_id text not null,
  payment_id bigint not null references tallystick.payment (id),
  kind text not null constraint payment_return_kind_check check (kind in ('refund', 'dispute')),
  -- The provider's own word.
  status text not null,
  -- How far along its life that status is: what is told late changes nothing.
  stage integer not null,
  -- Minor units of the currency.
  amount bigint not null constraint payment_return_amount_check check (amount >= 0),
  currency text not null,
  -- Whether the money is with the payer, as far as is known.
  stands boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint payment_return_return_id_key unique (provider, return_id)
);
create index payment_return_payment_id_idx on tallystick.payment_return (payment_id);
