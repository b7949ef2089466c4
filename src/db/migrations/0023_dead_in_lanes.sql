-- not breaking
-- The dead tasks of a lane, which are looked for when their cause has gone: few, whatever waits.
create index task_lane_dead_idx on tallystick.task (lane) where status = 'dead';
