-- not breaking
-- True where the payer alone said whose the customer is: checkouts and portals of that user don't go through it.
alter table tallystick.customer add column claimed boolean not null default false;
