import { defineConfig } from "@trigger.dev/sdk";

export default defineConfig({
  // The reference of your project, from its settings.
  project: "proj_your_project",
  dirs: ["./trigger"],
  // Seconds. A task that is cut off here is tried again when its lease has run out.
  maxDuration: 300,
});
