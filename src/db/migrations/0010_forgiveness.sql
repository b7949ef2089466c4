-- not breaking
-- Of a claw-back: what nothing can pay of it is forgiven, whenever that turns out. Said on the entry, because a payment's
-- policy may be told anew: what an account had at a past moment depends on the policy of then. Null costs no byte.
alter table tallystick.credit_transaction add column forgivable boolean;
