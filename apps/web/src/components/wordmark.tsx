import Link from "next/link";

/** `isShort`: on phones the mark alone, where the links need the room. */
export function Wordmark({ isShort }: { isShort: boolean }) {
  return (
    <Link href="/" className="inline-flex items-center gap-2.5 rounded-md font-semibold tracking-tight">
      <svg viewBox="0 0 24 20" className="h-5 w-6 text-accent" aria-hidden="true">
        <path
          d="M5 3v14M10 3v14M15 3v14M20 3v14M1.5 14.5l21-9"
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          strokeLinecap="round"
        />
      </svg>
      <span className={isShort ? "max-sm:sr-only" : ""}>Tallystick</span>
    </Link>
  );
}
