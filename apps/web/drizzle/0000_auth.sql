create table "app"."user" (
  "id" text primary key,
  "name" text not null,
  "email" text not null unique,
  "email_verified" boolean not null default false,
  "image" text,
  "role" text not null default 'user' check ("role" in ('user', 'admin')),
  "welcomed_at" timestamptz,
  "created_at" timestamptz not null default now(),
  "updated_at" timestamptz not null default now()
);
--> statement-breakpoint
create table "app"."session" (
  "id" text primary key,
  "user_id" text not null references "app"."user" ("id") on delete cascade,
  "token" text not null unique,
  "expires_at" timestamptz not null,
  "ip_address" text,
  "user_agent" text,
  "created_at" timestamptz not null default now(),
  "updated_at" timestamptz not null default now()
);
--> statement-breakpoint
create index "session_user_id" on "app"."session" ("user_id");
--> statement-breakpoint
create table "app"."account" (
  "id" text primary key,
  "user_id" text not null references "app"."user" ("id") on delete cascade,
  "account_id" text not null,
  "provider_id" text not null,
  "access_token" text,
  "refresh_token" text,
  "id_token" text,
  "access_token_expires_at" timestamptz,
  "refresh_token_expires_at" timestamptz,
  "scope" text,
  "password" text,
  "created_at" timestamptz not null default now(),
  "updated_at" timestamptz not null default now()
);
--> statement-breakpoint
create index "account_user_id" on "app"."account" ("user_id");
--> statement-breakpoint
create table "app"."verification" (
  "id" text primary key,
  "identifier" text not null,
  "value" text not null,
  "expires_at" timestamptz not null,
  "created_at" timestamptz not null default now(),
  "updated_at" timestamptz not null default now()
);
--> statement-breakpoint
create index "verification_identifier" on "app"."verification" ("identifier");
--> statement-breakpoint
create table "app"."rate_limit" (
  "id" text primary key,
  "key" text not null unique,
  "count" integer not null,
  "last_request" bigint not null
);
