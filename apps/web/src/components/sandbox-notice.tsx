/** Above every page while a local Stripe stands in for the real one. */
export function SandboxNotice() {
  return (
    <p role="note" className="bg-notice-surface px-5 py-1.5 text-center text-sm text-notice">
      <strong className="font-semibold">Sandbox:</strong> no real money
    </p>
  );
}
