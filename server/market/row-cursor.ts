import { createHash } from "node:crypto";
import { HttpError } from "../http/errors.ts";
import type { Place } from "./held-rows.ts";

/** What a cursor is of: what is published, and what was asked for. */
type Of = { build: string; request: unknown };

const digestOf = (request: unknown) =>
  createHash("sha256").update(JSON.stringify(request)).digest("base64url").slice(0, 12);

/** A cursor as it is sent: opaque to who holds it, and good for this request and this build only. */
export const writeCursor = ({ build, request }: Of, { holder, date }: Place): string =>
  Buffer.from(JSON.stringify([build, digestOf(request), holder, date])).toString("base64url");

/**
 * The place that a cursor stands for. A 422 where it is none, or of another request; a 410 where it is of another build: prices of before and after
 * a split do not belong in one series, so nobody is given both without knowing.
 */
export function readCursor(cursor: string, { build, request }: Of): Place {
  const [ofBuild, ofRequest, holder, date] = parse(cursor);
  const isPlace = Number.isSafeInteger(holder) && typeof date === "string" && /^\d{4}-\d\d-\d\d$/.test(date);
  if (!isPlace || Number.isNaN(Date.parse(date))) throw refuse("has to be the `next` of an answer");
  if (ofRequest !== digestOf(request))
    throw refuse("is of another request: everything but `limit` and `format` has to be as it was");
  if (ofBuild === build) return { holder: holder as number, date };
  throw new HttpError(
    410,
    "gone",
    "`cursor` is of what was published before. Begin again without it, or ask for all rows at once as NDJSON, CSV or Parquet.",
    { field: "cursor" },
  );
}

const refuse = (why: string) => new HttpError(422, "invalid", `\`cursor\` ${why}.`, { field: "cursor" });

function parse(cursor: string): unknown[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}
