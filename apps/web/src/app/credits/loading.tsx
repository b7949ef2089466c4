export default function Loading() {
  return (
    <div className="grid gap-12" role="status" aria-label="Loading your credits">
      <div className="grid gap-2">
        <div className="skeleton h-7 w-28" />
        <div className="skeleton h-5 w-52" />
      </div>
      <div className="grid items-start gap-6 lg:grid-cols-[1fr_22rem]">
        <div className="panel grid gap-4 p-7">
          <div className="skeleton h-4 w-20" />
          <div className="skeleton h-14 w-44" />
          <div className="skeleton h-4 w-56" />
        </div>
        <div className="panel grid gap-4 p-6">
          <div className="skeleton h-5 w-24" />
          <div className="skeleton h-11" />
          <div className="skeleton h-11" />
          <div className="skeleton h-11" />
        </div>
      </div>
      <div className="grid gap-4">
        <div className="skeleton h-6 w-24" />
        {[0, 1, 2, 3].map((row) => (
          <div key={row} className="skeleton h-10" />
        ))}
      </div>
    </div>
  );
}
