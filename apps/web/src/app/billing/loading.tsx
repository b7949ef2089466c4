export default function Loading() {
  return (
    <div className="grid max-w-3xl grid-cols-1 gap-8" role="status" aria-label="Loading your billing">
      <div className="grid gap-2">
        <div className="skeleton h-7 w-24" />
        <div className="skeleton h-5 w-64" />
      </div>
      <div className="panel grid gap-4 p-6">
        <div className="skeleton h-6 w-40" />
        <div className="skeleton h-5 w-56" />
        <div className="flex flex-wrap gap-3">
          <div className="skeleton h-11 w-44" />
          <div className="skeleton h-11 w-36" />
        </div>
      </div>
    </div>
  );
}
