-- Seals: what is signed of an account's entries. The text of an entry is
--   seq|type|amount|created_at|id
-- with a line feed behind it; created_at in seconds since 1970 with six decimals. The digest of a range is SHA-256 over the
-- texts of its entries in the order of seq, in UTF-8. Personal text is no part of it, and can be erased.
create or replace function tallystick.sealed_text(entry tallystick.credit_transaction) returns text
language sql stable parallel safe as $$
  select entry.seq || '|' || entry.type || '|' || entry.amount || '|' || extract(epoch from entry.created_at) || '|' || entry.id || E'\n'
$$;

-- The next range of each account that has entries after its last seal, from p_after_account_id on: at most p_entries
-- entries of one account, and few accounts with many. Reads one snapshot, in which a journal has no gaps but those that
-- were torn into it; such a range is answered with the entries it has, and is not to be signed. Locks nothing.
create or replace function tallystick.sealable_ranges(p_after_account_id bigint, p_accounts integer, p_entries integer)
returns table (account_id bigint, from_seq bigint, to_seq bigint, entries bigint, digest text, previous text)
language sql stable as $$
  with open_range as materialized (
    select account.id, coalesce(head.to_seq, 0) + 1 as from_seq,
      least(account.seq, coalesce(head.to_seq, 0) + p_entries) as to_seq, coalesce(encode(head.seal, 'hex'), '') as previous
    from tallystick.user_credit account
    left join lateral (select seal.to_seq, seal.seal from tallystick.credit_seal seal
      where seal.account_id = account.id order by seal.from_seq desc limit 1) head on true
    where account.id > p_after_account_id and account.seq > coalesce(head.to_seq, 0)
    order by account.id limit p_accounts
  ), counted as (
    select open_range.*, sum(open_range.to_seq - open_range.from_seq + 1) over (order by id) as before from open_range
  )
  select counted.id, counted.from_seq, counted.to_seq, digested.entries, digested.digest, counted.previous
  from counted cross join lateral (
    select count(*) as entries, encode(sha256(convert_to(coalesce(string_agg(sealed.text, '' order by sealed.seq), ''), 'UTF8')), 'hex') as digest
    from (select entry.seq, tallystick.sealed_text(entry) as text from tallystick.credit_transaction entry
      where entry.account_id = counted.id and entry.seq between counted.from_seq and counted.to_seq) sealed) digested
  where counted.before <= p_entries or counted.before = counted.to_seq - counted.from_seq + 1
  order by counted.id
$$;

-- The seals after (p_after_account_id, p_after_from_seq), with the digest of the entries that stand in their range now.
create or replace function tallystick.sealed_ranges(
  p_after_account_id bigint, p_after_from_seq bigint, p_last_account_id bigint, p_seals integer
) returns table (account_id bigint, from_seq bigint, to_seq bigint, key_id text, seal text, entries bigint, digest text)
language sql stable as $$
  select seal.account_id, seal.from_seq, seal.to_seq, seal.key_id, encode(seal.seal, 'hex'), digested.entries, digested.digest
  from (select * from tallystick.credit_seal
    where (account_id, from_seq) > (p_after_account_id, p_after_from_seq) and account_id <= p_last_account_id
    order by account_id, from_seq limit p_seals) seal
  cross join lateral (
    select count(*) as entries, encode(sha256(convert_to(coalesce(string_agg(sealed.text, '' order by sealed.seq), ''), 'UTF8')), 'hex') as digest
    from (select entry.seq, tallystick.sealed_text(entry) as text from tallystick.credit_transaction entry
      where entry.account_id = seal.account_id and entry.seq between seal.from_seq and seal.to_seq) sealed) digested
  order by seal.account_id, seal.from_seq
$$;
