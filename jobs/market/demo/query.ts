/** The filters of the vendor's lists: `field`, `field.gt`, `field.gte`, `field.lt`, `field.lte`, `field.any_of`. */
export function matches(query: URLSearchParams, field: string, value: string): boolean {
  const asked = (suffix: string, holds: (wanted: string) => boolean) => {
    const wanted = query.get(`${field}${suffix}`);
    return wanted === null || wanted === "" || holds(wanted);
  };
  return (
    asked("", (wanted) => value === wanted) &&
    asked(".any_of", (wanted) => wanted.split(",").includes(value)) &&
    asked(".gt", (wanted) => value > wanted) &&
    asked(".gte", (wanted) => value >= wanted) &&
    asked(".lt", (wanted) => value < wanted) &&
    asked(".lte", (wanted) => value <= wanted)
  );
}

/** One page of a list, and where the next one is. */
export type Page<T> = { results: T[]; nextUrl: string | undefined };

/** How many rows a page has when the caller names no number, and at most. */
export type PageSize = { usual: number; most: number };

/**
 * The page of a list that a URL asks for. A cursor holds the first page's question and how far it got, never the key.
 * undefined: the cursor is not one of ours.
 */
export function pageOf<T>(url: URL, size: PageSize, list: (query: URLSearchParams) => T[]): Page<T> | undefined {
  const cursor = url.searchParams.get("cursor");
  const query = cursor === null ? new URLSearchParams(url.search) : readCursor(cursor);
  const start = Number(query.get("from") ?? (cursor === null ? 0 : Number.NaN));
  if (!Number.isSafeInteger(start) || start < 0) return undefined;
  const asked = Number(query.get("limit"));
  const limit = Number.isSafeInteger(asked) && asked > 0 ? Math.min(asked, size.most) : size.usual;
  const rows = list(query);
  const end = start + limit;
  if (end >= rows.length) return { results: rows.slice(start), nextUrl: undefined };
  query.delete("apiKey");
  query.set("from", String(end));
  const next = Buffer.from(query.toString()).toString("base64url");
  return { results: rows.slice(start, end), nextUrl: `${url.origin}${url.pathname}?cursor=${next}` };
}

function readCursor(cursor: string): URLSearchParams {
  return new URLSearchParams(Buffer.from(cursor, "base64url").toString());
}

/** Whether a list is asked for in descending order: `order=desc`, or `sort=field.desc`. */
export function isDescending(query: URLSearchParams): boolean {
  return query.get("order") === "desc" || /(^|\.)desc$/.test(query.get("sort") ?? "");
}
