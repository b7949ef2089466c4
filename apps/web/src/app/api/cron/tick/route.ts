// A cron's tick: runs the schedules that are due, and drains tasks.
import { route } from "../../../../route.ts";

export const dynamic = "force-dynamic";
export const maxDuration = 60;

export const GET = route("cron");
export const POST = route("cron");
