// Users, sessions and credentials, in a Postgres schema of their own. better-auth names the fields.
import { bigint, boolean, index, integer, pgSchema, text, timestamp } from "drizzle-orm/pg-core";

const app = pgSchema("app");

const moment = (name: string) => timestamp(name, { withTimezone: true });
const created = () => moment("created_at").notNull().defaultNow();
const updated = () => moment("updated_at").notNull().defaultNow();

export const user = app.table("user", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  email: text("email").notNull().unique(),
  emailVerified: boolean("email_verified").notNull().default(false),
  image: text("image"),
  role: text("role", { enum: ["user", "admin"] })
    .notNull()
    .default("user"),
  /** When the sign-up gift and the free plan were given; null: still owed. */
  welcomedAt: moment("welcomed_at"),
  createdAt: created(),
  updatedAt: updated(),
});

export const session = app.table(
  "session",
  {
    id: text("id").primaryKey(),
    userId: text("user_id")
      .notNull()
      .references(() => user.id, { onDelete: "cascade" }),
    token: text("token").notNull().unique(),
    expiresAt: moment("expires_at").notNull(),
    ipAddress: text("ip_address"),
    userAgent: text("user_agent"),
    createdAt: created(),
    updatedAt: updated(),
  },
  (table) => [index("session_user_id").on(table.userId)],
);

export const account = app.table(
  "account",
  {
    id: text("id").primaryKey(),
    userId: text("user_id")
      .notNull()
      .references(() => user.id, { onDelete: "cascade" }),
    accountId: text("account_id").notNull(),
    providerId: text("provider_id").notNull(),
    accessToken: text("access_token"),
    refreshToken: text("refresh_token"),
    idToken: text("id_token"),
    accessTokenExpiresAt: moment("access_token_expires_at"),
    refreshTokenExpiresAt: moment("refresh_token_expires_at"),
    scope: text("scope"),
    password: text("password"),
    createdAt: created(),
    updatedAt: updated(),
  },
  (table) => [index("account_user_id").on(table.userId)],
);

export const verification = app.table(
  "verification",
  {
    id: text("id").primaryKey(),
    identifier: text("identifier").notNull(),
    value: text("value").notNull(),
    expiresAt: moment("expires_at").notNull(),
    createdAt: created(),
    updatedAt: updated(),
  },
  (table) => [index("verification_identifier").on(table.identifier)],
);

export const rateLimit = app.table("rate_limit", {
  id: text("id").primaryKey(),
  key: text("key").notNull().unique(),
  count: integer("count").notNull(),
  lastRequest: bigint("last_request", { mode: "number" }).notNull(),
});
