-- What became of the credits of some payments by p_at: each lot of a payment, and what was drawn on it for what.
-- granted = used + expired + clawed_back + adjusted + transferred + remaining, exactly: what a later entry gave back
-- (a refund, a reinstatement, a rollover, the other side of a merge) lies on lots of the same payment and is taken off.
-- to_come is what enrolments that the payment paid for have still to grant; a plan that p_plans does not know gives 0.
create or replace function tallystick.payment_credits(p_payment_ids bigint[], p_plans jsonb, p_at timestamptz)
returns table (
  payment_id bigint, granted bigint, to_come bigint, used bigint, expired bigint, clawed_back bigint, adjusted bigint,
  transferred bigint, remaining bigint, paid_amount bigint, returned_amount bigint, returned_at timestamptz
) language sql stable as $$
  with lot as (
    select entry.payment_id, entry.id, entry.amount, entry.created_at <= p_at as written, entry.provider,
      -- What the lot gives back, by the type of the debit; null: it is an original grant.
      case
        when entry.type in ('refund', 'reinstate') or entry.refund_of_id is not null then coalesce(debit.type, 'usage')
        when entry.type = 'rollover' then 'expire'
        when entry.type = 'transfer_in' then 'transfer_out'
      end as gives_back
    from tallystick.credit_transaction entry
    left join tallystick.credit_transaction debit on debit.id = entry.refund_of_id
    where entry.payment_id = any (p_payment_ids) and entry.amount > 0
  ), movement as (
    select lot.payment_id, lot.gives_back as type, -lot.amount as amount from lot where written and gives_back is not null
    union all
    select lot.payment_id, debit.type, draw.amount
    from lot
    join tallystick.credit_allocation draw on draw.lot_id = lot.id
    join tallystick.credit_transaction debit on debit.id = draw.transaction_id
    where written and draw.created_at <= p_at
  ), gone as (
    select movement.payment_id, sum(amount) as total,
      sum(amount) filter (where type = 'usage') as used,
      sum(amount) filter (where type = 'expire') as expired,
      sum(amount) filter (where type = 'clawback') as clawed_back,
      sum(amount) filter (where type = 'adjustment') as adjusted,
      sum(amount) filter (where type = 'transfer_out') as transferred
    from movement group by movement.payment_id
  ), given as (
    select lot.payment_id, sum(amount) filter (where written) as granted,
      -- Granted by an enrolment since: at p_at it was still to come.
      sum(amount) filter (where not written and provider = 'tallystick') as came_later
    from lot where gives_back is null group by lot.payment_id
  ), owed as (
    select enrolment.payment_id,
      sum((enrolment.first_period + enrolment.period_count - enrolment.next_period) * enrolment.quantity * plan.credits) as credits
    from tallystick.credit_enrolment enrolment
    join jsonb_to_recordset(p_plans) as plan ("planId" text, credits bigint) on plan."planId" = enrolment.plan_id
    where enrolment.payment_id = any (p_payment_ids) and (enrolment.ended_at is null or enrolment.ended_at > p_at)
    group by enrolment.payment_id
  )
  select payment.id, coalesce(given.granted, 0)::bigint, (coalesce(owed.credits, 0) + coalesce(given.came_later, 0))::bigint,
    coalesce(gone.used, 0)::bigint, coalesce(gone.expired, 0)::bigint, coalesce(gone.clawed_back, 0)::bigint,
    coalesce(gone.adjusted, 0)::bigint, coalesce(gone.transferred, 0)::bigint,
    (coalesce(given.granted, 0) - coalesce(gone.total, 0))::bigint,
    money.paid_amount, money.returned_amount, money.updated_at
  from unnest(p_payment_ids) as payment (id)
  left join given on given.payment_id = payment.id
  left join gone on gone.payment_id = payment.id
  left join owed on owed.payment_id = payment.id
  left join tallystick.credit_return money on money.payment_id = payment.id
$$;
