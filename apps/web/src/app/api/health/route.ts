// Health: 200 once the migrated database answers.
import { route } from "../../../route.ts";

export const dynamic = "force-dynamic";

export const GET = route("health");
