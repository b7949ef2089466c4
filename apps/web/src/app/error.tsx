"use client";

export default function ErrorPage({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <div className="max-w-md" role="alert">
      <h1 className="text-2xl font-semibold tracking-tight">This page could not be shown</h1>
      <p className="mt-3 leading-relaxed text-muted">
        Nothing was changed. Try again; if it stays, the server’s log has the cause
        {error.digest ? ` under ${error.digest}` : ""}.
      </p>
      <button type="button" onClick={reset} className="button button-primary mt-6">
        Try again
      </button>
    </div>
  );
}
