// The daily cron: expires credits and distributes those of enrolled plans.
import { route } from "../../../route.ts";

export const dynamic = "force-dynamic";
export const maxDuration = 60;

export const GET = route("distributeCredits");
export const POST = route("distributeCredits");
