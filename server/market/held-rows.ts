import type { FactRange, FactRow } from "../../db/queries/market/read-facts.ts";
import type { AskedHolder } from "../../db/queries/market/read-holders.ts";
import { HttpError } from "../http/errors.ts";

/** Bars of some holders by session; dates are inclusive, null is open-ended. `width`: how many values are read of each. */
export type HeldRange = { holders: readonly AskedHolder[]; from: string | null; to: string | null; width: number };

/** After which row a page begins: of which holder, and the session. */
export type Place = { holder: number; date: string };

/** Reads a part of a range that is short enough for one statement. */
export type ReadPart = (part: FactRange, limit: number) => Promise<FactRow[]>;

/** What a statement reads at the most, where it is of more than one holder: some megabytes, and some tenths of a second. */
const rowsPerPart = 20_000;
const valuesPerPart = 200_000;
/** Rows that are written without looking at anything else meanwhile: some milliseconds. */
const rowsPerBatch = 1000;
const dayMs = 86_400_000;
const sessionsPerDay = 252 / 365;
/** What is known of bars begins there; what is left open may be so long. */
const firstDay = "2003-09-10";

/** The holders of a range in groups whose bars one statement reads: all securities, or all labels. */
function* groupsOf({ holders, from, to, width }: HeldRange, today: string, begin: number): Generator<[number, number]> {
  const days = (Date.parse(to ?? today) - Date.parse(from ?? firstDay)) / dayMs + 1;
  const rows = Math.min(rowsPerPart, valuesPerPart / width);
  const size = Math.max(1, Math.floor(rows / Math.max(1, days * sessionsPerDay)));
  for (let at = begin; at < holders.length; ) {
    const isSecurity = holders[at]?.security !== null;
    let end = at + 1;
    while (end < holders.length && end - at < size && (holders[end]?.security !== null) === isSecurity) end += 1;
    yield [at, end];
    at = end;
  }
}

/**
 * The rows of a range, some thousand at a time, in the order of its holders and then of sessions. Each part is a statement of its own, so that no
 * connection waits for a slow reader; `check` throws where what is published has changed since the first.
 */
export async function* readHeldRows(
  range: HeldRange,
  options: { today: string; after: Place | null; limit: number; read: ReadPart; check(): Promise<void> },
): AsyncGenerator<FactRow[]> {
  const { after, read, check } = options;
  const begin = after?.holder ?? 0;
  let left = options.limit;
  for (const [at, end] of groupsOf(range, options.today, begin)) {
    const part = {
      ...{ holders: range.holders.slice(at, end), from: range.from, to: range.to },
      after: after !== null && at === begin ? after.date : null,
    };
    const rows = await read(part, left);
    // Looked at after the rows: what was published between the first look and this one may be among them.
    await check();
    for (let row = 0; row < rows.length; row += rowsPerBatch) yield rows.slice(row, row + rowsPerBatch);
    left -= rows.length;
    if (left <= 0) return;
  }
}

/** Of all groups of a range, what `read` finds of each. */
export async function readOfGroups<Found>(
  range: HeldRange,
  today: string,
  read: (part: FactRange) => Promise<Found>,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const [at, end] of groupsOf(range, today, 0)) {
    const holders = range.holders.slice(at, end);
    found.push(await read({ holders, from: range.from, to: range.to, after: null }));
  }
  return found;
}

/** A transform was published while rows were read: those before and those after it do not belong together. */
export const publishedAnew = (advice: string): HttpError =>
  new HttpError(410, "gone", `What is published has changed since the first row was read. ${advice}`);
