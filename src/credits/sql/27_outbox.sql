-- The journal's outbox: entries that subscribers wait for, noted by a trigger in the transaction that writes them, whatever
-- wrote them. A journal that nobody listens to has no trigger at all.

-- Sets which entries a consumer is told of, from now on: whatever commits after this has committed is noted. Making a
-- trigger waits for the transactions that write the journal at this moment, and lets none begin meanwhile; so it is done
-- only when something changes. What only narrows may wait, and is left for the next call when the journal is busy.
--
-- As the owner of the tables, because a product may run under a role that may write them and not alter them.
create or replace function tallystick.watch_entries(p_consumer text, p_event_types text[], p_entry_types text[]) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  watched tallystick.credit_outbox_consumer;
  trigger_name text := 'credit_transaction_outbox_' || p_consumer;
begin
  if not has_table_privilege(session_user, 'tallystick.credit_transaction', 'insert') then
    raise exception 'only who may write the journal may subscribe to it' using errcode = 'insufficient_privilege';
  end if;
  select * into watched from tallystick.credit_outbox_consumer where name = p_consumer;
  if watched.event_types = p_event_types and watched.entry_types = p_entry_types then return false; end if;
  perform pg_advisory_xact_lock(hashtextextended('tallystick:outbox', 0));
  select * into watched from tallystick.credit_outbox_consumer where name = p_consumer;
  insert into tallystick.credit_outbox_consumer (name, event_types, entry_types, updated_at)
    values (p_consumer, p_event_types, p_entry_types, tallystick.clock())
    on conflict (name) do update set event_types = excluded.event_types, entry_types = excluded.entry_types,
      updated_at = excluded.updated_at;
  if p_entry_types = coalesce(watched.entry_types, '{}') then return true; end if;
  if p_entry_types <@ coalesce(watched.entry_types, '{}') then perform set_config('lock_timeout', '300ms', true); end if;
  if cardinality(p_entry_types) = 0 then
    execute format('drop trigger if exists %I on tallystick.credit_transaction', trigger_name);
  else
    execute format('create or replace trigger %I after insert on tallystick.credit_transaction for each row
      when (new.type in (%s)) execute function tallystick.note_entry(%L)', trigger_name,
      (select string_agg(quote_literal(type), ', ') from unnest(p_entry_types) type), p_consumer);
  end if;
  return true;
exception when lock_not_available then
  if p_entry_types <@ watched.entry_types then return false; end if;
  raise;
end $$;

-- Says that a process has hooks: p_hooks is {type of event: [types of entries]}. What all processes have is watched, so that
-- services with different hooks, and versions of one, take nothing from each other. A type that no process has had for
-- two days is dropped, with what waits for it. Writes at most once an hour while nothing changes.
create or replace function tallystick.watch_hooks(p_hooks jsonb) returns boolean language plpgsql as $$
declare
  t timestamptz := tallystick.clock();
  before jsonb := coalesce((select seen from tallystick.credit_outbox_consumer where name = 'hooks'), '{}');
  hooks jsonb;
  entries text[];
begin
  if not exists (select from jsonb_object_keys(p_hooks) type
      where coalesce((before -> type ->> 'at')::timestamptz, '-infinity') < t - interval '1 hour' or before -> type -> 'entries' <> p_hooks -> type)
    and not exists (select from jsonb_each(before) hook where (hook.value ->> 'at')::timestamptz < t - interval '2 days')
  then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('tallystick:outbox', 0));
  select coalesce(jsonb_object_agg(type, hook), '{}') into hooks from (
    select key as type, value as hook from jsonb_each(coalesce(
        (select seen from tallystick.credit_outbox_consumer where name = 'hooks'), '{}'))
      where not p_hooks ? key and (value ->> 'at')::timestamptz >= t - interval '2 days'
    union all
    select key, jsonb_build_object('at', t, 'entries', value) from jsonb_each(p_hooks)) known;
  entries := array(select distinct entry from jsonb_each(hooks) hook, jsonb_array_elements_text(hook.value -> 'entries') entry order by 1);
  perform tallystick.watch_entries('hooks', array(select type from jsonb_object_keys(hooks) type order by 1), entries);
  update tallystick.credit_outbox_consumer set seen = hooks where name = 'hooks';
  delete from tallystick.credit_outbox where consumer = 'hooks' and entry_type <> all (entries);
  return true;
end $$;

-- Whether something waits for a consumer; of hooks only what is of p_types. Null: all types.
create or replace function tallystick.entries_are_due(p_consumer text, p_types text[] default null) returns boolean
language sql stable as $$
  select exists (select from tallystick.credit_outbox
    where consumer = p_consumer and retry_at <= (select tallystick.clock()) and (p_types is null or entry_type = any (p_types)))
$$;

-- Takes up to p_batch entries for the length of the transaction, those of an account in their order. Whoever holds the
-- first entry of an account that waits has the account; another call passes over it, so that no later entry is told
-- first. p_types: only entries of these, as a process has hooks for them; null: all. Because an account's entries commit in their order, the first that is seen is the first that there is.
create or replace function tallystick.claim_entries(p_consumer text, p_batch integer, p_types text[] default null)
returns jsonb
language plpgsql set lock_timeout = '5s' as $$
declare
  t timestamptz := tallystick.clock();
  due jsonb; -- account: the last of its entries that this batch reaches
  mine bigint[];
  waiting bigint[];
begin
  select jsonb_object_agg(account_id, upto) into due from (
    select account_id, max(seq) as upto from (
      select account_id, seq from tallystick.credit_outbox
      where consumer = p_consumer and retry_at <= t and (p_types is null or entry_type = any (p_types))
      order by retry_at, entry_id limit p_batch) next
    group by account_id) account;
  mine := array(select head.account_id from tallystick.credit_outbox head
    join (select account.id, (select min(seq) from tallystick.credit_outbox
        where consumer = p_consumer and account_id = account.id
          and (p_types is null or entry_type = any (p_types))) as seq
      from (select key::bigint as id from jsonb_object_keys(coalesce(due, '{}')) key) account) first
      on first.id = head.account_id and first.seq = head.seq
    where head.consumer = p_consumer order by head.account_id for update of head skip locked);
  -- An account whose first entry waits for its next try waits with it, and is not looked at before.
  with blocked as (
    select head.account_id, head.retry_at from unnest(mine) account (id)
    cross join lateral (select account_id, retry_at from tallystick.credit_outbox
      where consumer = p_consumer and account_id = account.id and (p_types is null or entry_type = any (p_types))
      order by seq limit 1) head
    where head.retry_at > t
  ), postponed as (
    update tallystick.credit_outbox later set retry_at = blocked.retry_at from blocked
    where later.consumer = p_consumer and later.account_id = blocked.account_id and later.retry_at < blocked.retry_at
      and (p_types is null or later.entry_type = any (p_types))
  )
  select array_agg(account_id) into waiting from blocked;
  -- An erasure waits until what names the user has been told, and then finds it.
  perform from tallystick.user_credit where id = any (mine) order by id for key share;
  return jsonb_build_object('claimed', cardinality(mine), 'entries', (
    select coalesce(jsonb_agg(tallystick.entry_json(entry, account.user_id, account.unit, lot.expiration_date)
      order by entry.account_id, entry.seq), '[]')
    from tallystick.credit_outbox noted
    join tallystick.credit_transaction entry on entry.id = noted.entry_id
    join tallystick.user_credit account on account.id = noted.account_id
    left join tallystick.credit_lot lot on lot.id = noted.entry_id
    where noted.consumer = p_consumer and noted.account_id = any (mine) and noted.account_id <> all (coalesce(waiting, '{}'))
      and (p_types is null or noted.entry_type = any (p_types)) and noted.seq <= (due ->> noted.account_id::text)::bigint));
end $$;

create or replace function tallystick.entry_json(
  p_entry tallystick.credit_transaction, p_user_id text, p_unit text, p_expires_at timestamptz
) returns jsonb language sql immutable as $$
  select jsonb_build_object('accountId', p_entry.account_id, 'transactionId', p_entry.id::text,
    'operationId', coalesce(p_entry.operation_id, p_entry.id)::text, 'userId', p_user_id, 'unit', p_unit,
    'type', p_entry.type, 'amount', p_entry.amount, 'balanceAfter', p_entry.balance_after, 'sequence', p_entry.seq,
    'paymentId', p_entry.payment_id::text, 'refundOfId', p_entry.refund_of_id::text, 'expiresAt', p_expires_at,
    'feature', p_entry.feature, 'member', p_entry.member, 'idempotencyKey', p_entry.idempotency_key, 'at', p_entry.created_at)
$$;

-- Settles claimed entries: told, and deleted; or to be tried again later. p_failed: [{"accountId", "sequence", "error"}].
create or replace function tallystick.settle_entries(p_consumer text, p_told jsonb, p_failed jsonb) returns void
language sql as $$
  delete from tallystick.credit_outbox noted
    using jsonb_to_recordset(p_told) as told ("accountId" bigint, sequence bigint)
    where noted.consumer = p_consumer and noted.account_id = told."accountId" and noted.seq = told.sequence;
  update tallystick.credit_outbox noted set attempts = attempts + 1, last_error = failed.error,
      retry_at = tallystick.clock() + least(interval '1 second' * 2 ^ least(attempts, 12), interval '1 hour')
    from jsonb_to_recordset(p_failed) as failed ("accountId" bigint, sequence bigint, error text)
    where noted.consumer = p_consumer and noted.account_id = failed."accountId" and noted.seq = failed.sequence;
$$;
