export default function Loading() {
  return (
    <div className="grid gap-12" role="status" aria-label="Loading the prices">
      <div className="grid gap-3">
        <div className="skeleton h-9 w-36" />
        <div className="skeleton h-6 w-full max-w-lg" />
      </div>
      {["plans", "packs"].map((section) => (
        <div key={section} className="grid gap-5">
          <div className="skeleton h-6 w-28" />
          <div className="grid gap-5 sm:grid-cols-2 lg:grid-cols-3">
            {[0, 1, 2].map((card) => (
              <div key={card} className="panel grid gap-4 p-6">
                <div className="skeleton h-6 w-24" />
                <div className="skeleton h-5 w-40" />
                <div className="skeleton h-9 w-28" />
                <div className="skeleton h-11" />
              </div>
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}
