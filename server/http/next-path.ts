/**
 * The path to go on to after signing in: `next` where it is a path of ours, `/` for all else. Other hosts can hide behind
 * `//host`, `/\host`, control characters and dot segments, so what a browser would make of it is what is checked.
 */
export function safeNextPath(next: string | undefined): string {
  const base = "http://barline.invalid";
  if (!next?.startsWith("/") || next.length > 2000 || /[\p{Cc}\\]/u.test(next) || !URL.canParse(next, base)) return "/";
  const url = new URL(next, base);
  const path = `${url.pathname}${url.search}`;
  const isOurs = url.origin === base && !path.startsWith("//") && !url.pathname.startsWith("/sign-");
  return isOurs ? path : "/";
}
