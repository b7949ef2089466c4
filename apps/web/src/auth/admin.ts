// The one administrator that a first start creates.
import { randomBytes, randomUUID } from "node:crypto";
import { hashPassword } from "better-auth/crypto";
import { eq } from "drizzle-orm";
import { withSetupLock } from "../database/migrate.ts";
import { database } from "../database/pool.ts";
import { welcome } from "../welcome.ts";
import { account, user } from "./schema.ts";

export const adminEmail = "admin@localhost.test";

/** Creates the administrator if there is none, and answers the password, which is stored nowhere else. */
export async function createAdminIfMissing(): Promise<string | undefined> {
  return withSetupLock(async () => {
    const existing = await database().select({ id: user.id }).from(user).where(eq(user.role, "admin")).limit(1);
    if (existing.length > 0) return undefined;
    const id = randomUUID();
    const createdAt = new Date();
    const password = randomBytes(12).toString("base64url");
    const hash = await hashPassword(password);
    await database().transaction(async (tx) => {
      await tx
        .insert(user)
        .values({ id, name: "Admin", email: adminEmail, emailVerified: true, role: "admin", createdAt });
      await tx
        .insert(account)
        .values({ id: randomUUID(), userId: id, accountId: id, providerId: "credential", password: hash });
    });
    await welcome({ id, createdAt });
    return password;
  });
}
