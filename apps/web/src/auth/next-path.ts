// Where a visitor goes on to after signing in: a page of this application and never another site.

const anywhere = "http://localhost";
const standard = "/credits";

/** The path that was asked for; the credits page where it is missing, or leads away. */
export function nextPath(asked: unknown): string {
  if (typeof asked !== "string" || !asked.startsWith("/") || asked.length > 1000) return standard;
  const url = URL.canParse(asked, anywhere) ? new URL(asked, anywhere) : null;
  // The parsed path and not the text: browsers read `/\host` and tabs as another host. A path may itself begin with two slashes.
  if (url === null || url.origin !== anywhere || url.pathname.startsWith("//")) return standard;
  return `${url.pathname}${url.search}`;
}

/** The sign-in or sign-up page, which then goes on to the path. */
export function signInTo(path: string, page: "/sign-in" | "/sign-up" = "/sign-in"): string {
  return path === standard ? page : `${page}?next=${encodeURIComponent(path)}`;
}
