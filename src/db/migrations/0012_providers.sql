-- not breaking
-- More than one payment provider.

-- When a subscription was as it is stored, as its provider tells it; null where that is too coarse to order two states.
alter table tallystick.subscription add column as_of timestamptz;

-- What a dispute took and what came back are records of their own at some providers: a reversal counts against the others.
alter table tallystick.payment_return drop constraint payment_return_kind_check,
  add constraint payment_return_kind_check check (kind in ('refund', 'dispute', 'reversal'));
