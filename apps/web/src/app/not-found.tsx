import type { Metadata } from "next";
import Link from "next/link";

export const metadata: Metadata = { title: "Not found" };

export default function NotFound() {
  return (
    <div className="max-w-md">
      <p className="text-sm font-medium text-muted tabular-nums">404</p>
      <h1 className="mt-2 text-2xl font-semibold tracking-tight">There is no such page</h1>
      <p className="mt-3 leading-relaxed text-muted">The address may be mistyped, or the page was moved.</p>
      <Link href="/" className="button button-quiet mt-6">
        To the start
      </Link>
    </div>
  );
}
