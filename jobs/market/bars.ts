import { PermanentError } from "../orchestrator/errors.ts";
import { type Bar, isSameRow, noteOf, numberProblem, type Row, readBar } from "./bar-figures.ts";
import { firstCalendarDate, isSession, lastCalendarDate } from "./calendar.ts";
import { dateOfInstant } from "./new-york.ts";
import { isTicker } from "./rows.ts";
import { barsEnvelope } from "./wire.ts";

export type { Bar } from "./bar-figures.ts";

/** A row that failed a check, or one with a remark, as it came, with what could be read of it. */
export type BarReject = { ticker: string | null; session: string | null; reason: string; row: unknown };

/**
 * What was asked for. The rows of a grouped answer name its session by their time, those of a range its ticker at times.
 * A batch that an earlier version planned does not say how far its range goes.
 */
export type BarSource =
  | { kind: "grouped"; session: string }
  | { kind: "range"; ticker: string; from?: string | undefined; to?: string | undefined };

/**
 * What an answer's rows came to: each row is a bar, a reject or a repeat. `notes` are of bars that were taken without one of
 * their figures; `repeats` counts rows that say again, to the digit, what another one says.
 */
export type ParsedBars = { bars: Bar[]; rejects: BarReject[]; notes: BarReject[]; repeats: number };

/**
 * Reads the bars of one raw answer. Only rows about what was asked are believed. Rows that fail a check become rejects with a short
 * stable reason; nothing is dropped. A PermanentError when the answer itself is not what the client stores (a damaged object
 * in the lake).
 */
export function parseBars(body: Uint8Array | string, source: BarSource): ParsedBars {
  const { rows, ticker: answered } = envelopeOf(body);
  const isOfAnother = answered !== undefined && (source.kind === "grouped" || answered !== source.ticker);
  const parsed: ParsedBars = { bars: [], rejects: [], notes: [], repeats: 0 };
  const seen = new Map<string, Row>();
  const refused = new Set<string>();
  const refuse = (row: unknown, reason: string) => {
    const text = JSON.stringify(row);
    if (refused.has(text)) parsed.repeats += 1;
    else parsed.rejects.push({ ...describe(row, source), reason, row });
    refused.add(text);
  };
  for (const row of surestFirst(rows, source)) {
    const read = isOfAnother ? "answer is of another ticker" : readRow(row, source);
    if (typeof read === "string") {
      refuse(row, read);
      continue;
    }
    const fields = fieldsOf(row);
    const key = source.kind === "grouped" ? read.ticker : read.tradeDate;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, fields);
      parsed.bars.push(read);
      const note = noteOf(read, fields);
      if (note !== undefined) parsed.notes.push({ ...describe(row, source), reason: note, row });
    } else if (isSameRow(first, fields)) parsed.repeats += 1;
    // The first one is kept, whatever contradicts it.
    else refuse(row, "duplicate ticker in one payload");
  }
  return parsed;
}

function envelopeOf(body: Uint8Array | string): { rows: unknown[]; ticker: string | undefined } {
  let answer: unknown;
  try {
    answer = JSON.parse(typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new PermanentError("The stored answer is not JSON.", { cause, advice: "Fetch this session again." });
  }
  const envelope = barsEnvelope.safeParse(answer);
  if (envelope.success) return { rows: envelope.data.results ?? [], ticker: envelope.data.ticker };
  const [issue] = envelope.error.issues;
  throw new PermanentError(`The stored answer does not hold bars: ${issue?.path.join(".")}: ${issue?.message}.`, {
    advice: "Fetch this session again.",
  });
}

/** A row that names its session comes before one that does not: of two rows of a ticker the first counts. */
function surestFirst(rows: unknown[], source: BarSource): unknown[] {
  if (source.kind === "range" || rows.every(statesTime)) return rows;
  return [...rows.filter(statesTime), ...rows.filter((row) => !statesTime(row))];
}

function statesTime(row: unknown): boolean {
  const { t } = fieldsOf(row);
  return t !== undefined && t !== null;
}

/** The bar of a row, or the reason why it is none. A plain loop's work: this runs for every bar of the market. */
function readRow(row: unknown, source: BarSource): Bar | string {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return "row is not an object";
  const fields = row as Row;
  return source.kind === "grouped" ? groupedBar(fields, source.session) : rangeBar(fields, source);
}

/** A grouped row's time is the end of its session. One without a time is taken to be of the session asked for. */
function groupedBar(row: Row, session: string): Bar | string {
  const { T, t } = row;
  if (T === undefined || T === null || T === "") return "ticker is missing";
  if (typeof T !== "string") return "ticker is not text";
  if (!isTicker(T)) return "ticker is malformed";
  if (t !== undefined && t !== null) {
    if (typeof t !== "number") return "timestamp is not a number";
    if (dateOfInstant(t) !== session) return "row is of another session";
  }
  return readBar(row, T, session);
}

/** A range's `t` is the start of its session: midnight in New York. */
function rangeBar(row: Row, source: Extract<BarSource, { kind: "range" }>): Bar | string {
  const { T, t } = row;
  const { ticker, from = firstCalendarDate, to = lastCalendarDate } = source;
  if (T !== undefined && T !== null && T !== ticker) return "row is of another ticker";
  if (!isTicker(ticker)) return "ticker is malformed";
  const tradeDate = sessionOf(t);
  if (tradeDate === undefined)
    return typeof t === "number" ? "timestamp is not in a trading session" : numberProblem("timestamp", t);
  if (tradeDate < from || tradeDate > to) return "row is outside the range asked for";
  return readBar(row, ticker, tradeDate);
}

function sessionOf(t: unknown): string | undefined {
  const date = dateOfInstant(t);
  if (date === undefined || date < firstCalendarDate || date > lastCalendarDate) return undefined;
  return isSession(date) ? date : undefined;
}

function describe(row: unknown, source: BarSource): { ticker: string | null; session: string | null } {
  const { T, t } = fieldsOf(row);
  if (source.kind === "range") return { ticker: source.ticker, session: sessionOf(t) ?? null };
  return { ticker: typeof T === "string" ? T : null, session: source.session };
}

function fieldsOf(row: unknown): Row {
  return typeof row === "object" && row !== null ? (row as Row) : {};
}
