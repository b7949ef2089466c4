-- Enrolments that end, pause and go on: one, or all of a source such as a subscription. What was granted stays.

-- Locks the accounts of what is named and answers its enrolments that have not ended. A merge may move an enrolment
-- while its account is waited for; so it looks again until it has the lock of every account.
create or replace function tallystick.lock_enrolments(p_enrolment_id bigint, p_source text) returns bigint[]
language plpgsql as $$
declare
  locked bigint[] := '{}';
  wanted bigint[];
begin
  loop
    wanted := array(select distinct account_id from tallystick.credit_enrolment
      where (id = p_enrolment_id or source = p_source) and ended_at is null and not account_id = any (locked)
      order by account_id);
    exit when wanted = '{}';
    perform from tallystick.user_credit where id = any (wanted) order by id for no key update;
    locked := locked || wanted;
  end loop;
  return array(select id from tallystick.credit_enrolment
    where (id = p_enrolment_id or source = p_source) and ended_at is null order by id);
end $$;

-- What an act answers: the enrolment that was named, or how many of a source changed.
create or replace function tallystick.enrolment_outcome(p_enrolment_id bigint, p_changed bigint) returns jsonb
language sql stable as $$
  select case when p_enrolment_id is not null and e.id is null then jsonb_build_object('outcome', 'not_found', 'message', 'There is no such enrolment.')
    else jsonb_build_object('outcome', 'ok', 'changed', p_changed, 'enrolment', tallystick.enrolment_json(e)) end
  from (select) one left join tallystick.credit_enrolment e on e.id = p_enrolment_id
$$;

-- Ends now, or with p_when = 'term_end' when what is paid for has been granted: a term of twelve months goes on to its
-- twelfth, an enrolment without end has no further period after the running one. Ending twice changes nothing.
-- With p_longer_than only terms of more periods than that.
create or replace function tallystick.end_enrolments(
  p_source text default null, p_enrolment_id bigint default null, p_when text default 'now', p_longer_than integer default null
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  ids bigint[] := tallystick.lock_enrolments(p_enrolment_id, p_source);
  t timestamptz := tallystick.clock();
  changed bigint;
begin
  update tallystick.credit_enrolment set next_due_at = null, paused_at = null,
      ended_at = case when p_when = 'now' then t else greatest(t, coalesce(period_ends_at, next_due_at)) end
    where id = any (ids) and (p_when = 'now' or period_count is null)
      and (p_longer_than is null or period_count > p_longer_than);
  get diagnostics changed = row_count;
  return tallystick.enrolment_outcome(p_enrolment_id, changed);
end $$;

-- Ends a source's terms that a new one takes the place of: begun before it, and going on for long after its begin, where a
-- renewal begins with their end. A day and 45 days, because a term begins when its payment is told, and that may be late.
create or replace function tallystick.end_superseded_terms(p_source text, p_begins_at timestamptz) returns void
language plpgsql set lock_timeout = '5s' as $$
declare
  ids bigint[] := tallystick.lock_enrolments(null, p_source);
begin
  update tallystick.credit_enrolment e set next_due_at = null, paused_at = null, ended_at = tallystick.clock()
    from tallystick.user_credit account
    where e.id = any (ids) and account.id = e.account_id and e.period_count > 1 and e.anchor_at < p_begins_at - interval '1 day'
      and tallystick.period_start(e.anchor_at, account.time_zone, e.first_period + e.period_count, e.anchor_time_zone)
        > p_begins_at + interval '45 days';
end $$;

-- Pauses: nothing is granted until it is resumed. Pausing twice changes nothing.
create or replace function tallystick.pause_enrolments(p_source text default null, p_enrolment_id bigint default null)
returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  ids bigint[] := tallystick.lock_enrolments(p_enrolment_id, p_source);
  changed bigint;
begin
  if p_enrolment_id is not null and ids = '{}'
    and exists (select from tallystick.credit_enrolment where id = p_enrolment_id)
  then
    return jsonb_build_object('outcome', 'invalid_state', 'message', 'the enrolment has ended.');
  end if;
  update tallystick.credit_enrolment set paused_at = tallystick.clock(), period_ends_at = coalesce(period_ends_at, next_due_at),
      next_due_at = null
    where id = any (ids) and paused_at is null and next_due_at is not null;
  get diagnostics changed = row_count;
  return tallystick.enrolment_outcome(p_enrolment_id, changed);
end $$;

-- Resumes. Of the periods that began during the pause, p_missed = 'all' leaves every one to be granted, 'current' only
-- the one that is running now; a paid term's count goes on with the calendar either way. Resuming twice changes nothing.
create or replace function tallystick.resume_enrolments(
  p_source text default null, p_enrolment_id bigint default null, p_missed text default 'current'
) returns jsonb language plpgsql set lock_timeout = '5s' as $$
declare
  ids bigint[] := tallystick.lock_enrolments(p_enrolment_id, p_source);
  t timestamptz := tallystick.clock();
  paused record;
  period integer;
  starts_at timestamptz;
  ends_at timestamptz;
  changed bigint := 0;
begin
  if p_enrolment_id is not null and ids = '{}'
    and exists (select from tallystick.credit_enrolment where id = p_enrolment_id)
  then
    return jsonb_build_object('outcome', 'invalid_state', 'message', 'the enrolment has ended.');
  end if;
  for paused in
    select e.*, account.time_zone from tallystick.credit_enrolment e
    join tallystick.user_credit account on account.id = e.account_id
    where e.id = any (ids) and e.paused_at is not null order by e.id
  loop
    period := paused.next_period;
    starts_at := paused.period_ends_at;
    if p_missed = 'current' then
      while tallystick.has_period(paused.first_period, paused.period_count, period) loop
        ends_at := tallystick.period_start(paused.anchor_at, paused.time_zone, period + 1, paused.anchor_time_zone);
        exit when ends_at > t;
        period := period + 1;
        starts_at := ends_at;
      end loop;
    end if;
    update tallystick.credit_enrolment set paused_at = null, next_period = period, period_ends_at = starts_at,
        period_credits = case when period = next_period then period_credits else 0 end,
        next_due_at = case when tallystick.has_period(first_period, period_count, period) then starts_at end
      where id = paused.id;
    changed := changed + 1;
  end loop;
  return tallystick.enrolment_outcome(p_enrolment_id, changed)
    || jsonb_build_object('accountIds', (select coalesce(jsonb_agg(distinct account_id::text), '[]')
      from tallystick.credit_enrolment where id = any (ids)));
end $$;
