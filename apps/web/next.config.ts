// Next.js: where the workspace's root is, what stays outside the bundle, and the headers every answer carries.
import path from "node:path";
import type { NextConfig } from "next";

const root = path.resolve(import.meta.dirname, "../..");

const config: NextConfig = {
  // The library is linked from the workspace's root.
  turbopack: { root },
  outputFileTracingRoot: root,
  outputFileTracingIncludes: { "/**": ["./drizzle/**"] },
  serverExternalPackages: ["pg", "bullmq", "inngest", "@upstash/qstash", "@trigger.dev/sdk"],
  // Types are checked by tsc in `npm run types`.
  typescript: { ignoreBuildErrors: true },
  poweredByHeader: false,
  reactStrictMode: true,
  async headers() {
    return [
      {
        source: "/:path*",
        headers: [
          { key: "X-Content-Type-Options", value: "nosniff" },
          { key: "X-Frame-Options", value: "DENY" },
          { key: "Referrer-Policy", value: "strict-origin-when-cross-origin" },
          { key: "Permissions-Policy", value: "camera=(), microphone=(), geolocation=(), browsing-topics=()" },
          { key: "Cross-Origin-Opener-Policy", value: "same-origin" },
        ],
      },
    ];
  },
};

export default config;
