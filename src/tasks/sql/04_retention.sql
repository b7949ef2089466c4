-- remove: up to p_batch tasks of each of these names that ended so many days ago, with their attempts; their keys stay, in the
-- same statement. What somebody holds, such as one that is being replayed, is passed over.
create or replace function tallystick.remove_ended_tasks(p_names text[], p_days integer, p_batch integer) returns bigint
language sql as $$
  with old as (
    select ended.id from unnest(p_names) as of_name (name) cross join lateral (
      select id from tallystick.task where name = of_name.name and status in ('done', 'cancelled')
        and finished_at < (select tallystick.clock()) - make_interval(days => p_days)
      order by finished_at limit p_batch for update skip locked) ended
  ), removed as (
    delete from tallystick.task using old where task.id = old.id returning task.id, dedupe_key
  ), kept as (
    insert into tallystick.task_key (digest, task_id)
    select tallystick.task_digest(dedupe_key), id from removed where dedupe_key is not null
    on conflict do nothing
  )
  select count(*) from removed
$$;

-- Deletes those of the tasks that have ended, with their attempts, and answers which. For owners of tasks without keys,
-- which would be enqueued anew; what somebody holds is left for the next time.
create or replace function tallystick.forget_tasks(p_ids bigint[]) returns bigint[] language sql as $$
  with ended as (
    select id from tallystick.task where id = any (p_ids) and dedupe_key is null and status not in ('pending', 'running')
    order by id for update skip locked
  ), gone as (
    delete from tallystick.task using ended where task.id = ended.id returning task.id
  )
  select coalesce(array_agg(id), '{}') from gone
$$;
