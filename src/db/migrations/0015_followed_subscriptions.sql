-- not breaking
-- False once a subscription had several plans beside each other: an enrolment can't tell which of them it would become.
alter table tallystick.subscription add column one_plan boolean not null default true;
