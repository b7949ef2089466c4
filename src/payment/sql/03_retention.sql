-- remove: the bodies of up to p_batch events that were received so many days ago and have had their effect, with their tasks.
-- The rows stay: an event that is told again is known for ever. Tasks before events, as where a task dies.
create or replace function tallystick.remove_event_bodies(p_days integer, p_batch integer) returns bigint language plpgsql as $$
declare
  ids bigint[];
  task_ids bigint[];
  removed bigint;
begin
  select array_agg(id), array_agg(task_id) into ids, task_ids from (
    select id, task_id from tallystick.webhook_event where payload is not null and status in ('processed', 'ignored')
      and received_at < (select tallystick.clock()) - make_interval(days => p_days)
    order by received_at limit p_batch) old;
  task_ids := tallystick.forget_tasks(task_ids);
  update tallystick.webhook_event set payload = null, task_id = null
    where id = any (ids) and status in ('processed', 'ignored') and (task_id is null or task_id = any (task_ids));
  get diagnostics removed = row_count;
  return removed;
end $$;
