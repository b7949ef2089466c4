-- not breaking
-- Indexes of the views on the past: none is touched by a consume.

-- Which holds were open at a past moment: those settled after it. Written once for each hold, when it is settled.
create index credit_hold_settled_idx on tallystick.credit_hold (account_id, settled_at) where settled_at is not null;
