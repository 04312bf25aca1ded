import { PermanentError } from "../orchestrator/errors.ts";
import { firstCalendarDate, isSession, lastCalendarDate, newYorkDate } from "./calendar.ts";
import { barsEnvelope } from "./wire.ts";

/** One ticker's session, unadjusted; prices in dollars, volume in (possibly fractional) shares. */
export type Bar = {
  ticker: string;
  tradeDate: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  vwap: number | null;
  transactions: number | null;
};

/** A row that failed a check, as it came, with what could be read of it. */
type BarReject = { ticker: string | null; session: string | null; reason: string; row: unknown };

/** Which request an answer belongs to: a grouped answer does not name its session, nor a range's rows their ticker. */
export type BarSource = { kind: "grouped"; session: string } | { kind: "range"; ticker: string };

export type ParsedBars = { bars: Bar[]; rejects: BarReject[] };

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads the bars of one raw answer. Rows that fail a check become rejects with a short stable reason; nothing is dropped.
 * A PermanentError when the answer itself is not what the client stores (a damaged object in the lake).
 */
export function parseBars(body: Uint8Array | string, source: BarSource): ParsedBars {
  const bars: Bar[] = [];
  const rejects: BarReject[] = [];
  const seen = new Map<string, Bar>();
  for (const row of rowsOf(body)) {
    const bar = checkRow(row, source);
    const reason = typeof bar === "string" ? bar : duplicateOf(bar, seen, source);
    if (reason !== undefined) rejects.push({ ...describe(row, source), reason, row });
    else if (typeof bar !== "string") bars.push(bar);
  }
  return { bars, rejects };
}

function rowsOf(body: Uint8Array | string): unknown[] {
  let answer: unknown;
  try {
    answer = JSON.parse(typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new PermanentError("The stored answer is not JSON.", { cause, advice: "Fetch this session again." });
  }
  const envelope = barsEnvelope.safeParse(answer);
  if (envelope.success) return envelope.data.results ?? [];
  const [issue] = envelope.error.issues;
  throw new PermanentError(`The stored answer does not hold bars: ${issue?.path.join(".")}: ${issue?.message}.`, {
    advice: "Fetch this session again.",
  });
}

/** The bar of a row, or the reason why it is none. A plain loop's work: this runs for every bar of the market. */
function checkRow(row: unknown, source: BarSource): Bar | string {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return "row is not an object";
  const { o: open, h: high, l: low, c: close, v: volume, vw = null, n = null, T, t } = row as Row;
  const ticker = source.kind === "grouped" ? T : source.ticker;
  if (typeof ticker !== "string")
    return ticker === undefined || ticker === null ? missing("ticker") : "ticker is not text";
  if (ticker === "") return missing("ticker");
  const tradeDate = source.kind === "grouped" ? source.session : rangeSession(t);
  if (tradeDate === undefined) return sessionProblem(t);
  if (!isPrice(open)) return priceProblem("open", open);
  if (!isPrice(high)) return priceProblem("high", high);
  if (!isPrice(low)) return priceProblem("low", low);
  if (!isPrice(close)) return priceProblem("close", close);
  if (high < low) return "high is below low";
  if (!isNumber(volume)) return numberProblem("volume", volume);
  if (volume < 0) return "volume is negative";
  if (vw !== null && !isNumber(vw)) return "vwap is not a number";
  if (n !== null && !Number.isSafeInteger(n)) return "transactions is not a whole number";
  if (n !== null && Number(n) < 0) return "transactions is negative";
  return { ticker, tradeDate, open, high, low, close, volume, vwap: vw, transactions: n === null ? null : Number(n) };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isPrice(value: unknown): value is number {
  return isNumber(value) && value > 0;
}

function missing(field: string): string {
  return `${field} is missing`;
}

function numberProblem(field: string, value: unknown): string {
  return value === undefined || value === null ? missing(field) : `${field} is not a number`;
}

function priceProblem(field: string, value: unknown): string {
  return isNumber(value) ? `${field} is not positive` : numberProblem(field, value);
}

/** A range's `t` is the start of its session: midnight in New York. */
function rangeSession(t: unknown): string | undefined {
  if (!isNumber(t) || Math.abs(t) > 8.64e15) return undefined;
  const date = newYorkDate(t);
  return date >= firstCalendarDate && date <= lastCalendarDate && isSession(date) ? date : undefined;
}

function sessionProblem(t: unknown): string {
  return isNumber(t) ? "timestamp is not in a trading session" : numberProblem("timestamp", t);
}

/** The first row of a ticker's session is kept, whatever repeats it: the reason tells harmless repeats from contradictions. */
function duplicateOf(bar: Bar, seen: Map<string, Bar>, source: BarSource): string | undefined {
  const key = source.kind === "grouped" ? bar.ticker : bar.tradeDate;
  const first = seen.get(key);
  if (first === undefined) {
    seen.set(key, bar);
    return undefined;
  }
  return isSameBar(first, bar) ? "duplicate row" : "duplicate ticker in one payload";
}

function isSameBar(a: Bar, b: Bar): boolean {
  return (
    a.open === b.open &&
    a.high === b.high &&
    a.low === b.low &&
    a.close === b.close &&
    a.volume === b.volume &&
    a.vwap === b.vwap &&
    a.transactions === b.transactions
  );
}

function describe(row: unknown, source: BarSource): { ticker: string | null; session: string | null } {
  const { T, t } = typeof row === "object" && row !== null ? (row as Row) : {};
  if (source.kind === "range") return { ticker: source.ticker, session: rangeSession(t) ?? null };
  return { ticker: typeof T === "string" ? T : null, session: source.session };
}
