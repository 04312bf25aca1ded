import type { Sql } from "../../../db/client.ts";
import { isUndefinedTable } from "../../../db/errors.ts";
import { selectBarDates } from "../../../db/queries/market/read-bars.ts";
import { type Holder, selectSecurityId } from "../../../db/queries/market/read-securities.ts";
import { selectReferenceRead } from "../../../db/queries/market/reference.ts";
import { type PackedBars, selectPackedBars } from "../../../db/queries/research/bars.ts";
import { type AdjustedDividend, selectAdjustedDividends } from "../../../db/queries/research/dividends.ts";
import {
  hasLastSessions,
  readLastSessions,
  readLastSessionsOfSecurity,
  readPublishedTickers,
} from "../../../db/queries/research/tickers.ts";
import type { Bars } from "../../backtest/types.ts";
import { HttpError } from "../../http/errors.ts";
import { nearest } from "../../http/nearest.ts";

/** What of one ticker is to be read; dates are inclusive, and undefined is open-ended. */
export type BarsAsked = { ticker: string; from?: string | undefined; to?: string | undefined; dividends: boolean };

/** The published bars of the security that holds a ticker, under whatever labels, as the engine takes them. What cannot be read is an error that names `field`. */
export async function readBars(read: Sql, asked: BarsAsked, field: "ticker" | "benchmark" = "ticker"): Promise<Bars> {
  const { ticker, from = null, to = null } = asked;
  try {
    const holder = { ticker, security: await selectSecurityId(read, ticker) };
    const [packed, lastSessions] = await Promise.all([
      selectPackedBars(read, { ...holder, from, to }),
      readLastSessionsOrNone(read, holder),
    ]);
    if (packed === null) throw await noBars(read, { ...asked, ...holder }, field);
    const dates = packed.dates.split(",");
    const [first = "", last = ""] = [dates[0], dates.at(-1)];
    const dividends = asked.dividends ? await readDividends(read, { ...holder, from: first, to: last }) : [];
    return toBars(dates, packed, { dividends, delisted: isDelisted(last, lastSessions) });
  } catch (error) {
    if (!isUndefinedTable(error)) throw error;
    throw new HttpError(404, "not_found", "Nothing is published yet: the first transform has not ended.");
  }
}

type LastSessions = Awaited<ReturnType<typeof readLastSessions>>;

/**
 * Nulls where the tables of tickers and of the market are not there: an earlier build has the bars alone. Asked first, as a
 * statement that fails would end the transaction that it is read in.
 */
async function readLastSessionsOrNone(read: Sql, { ticker, security }: Holder): Promise<LastSessions> {
  if (!(await hasLastSessions(read))) return { active: true, lastDate: null, newestDate: null };
  return security ? await readLastSessionsOfSecurity(read, security) : await readLastSessions(read, ticker);
}

/**
 * A ticker is delisted once the market has had a session after its last bar, and the list of tickers has it no longer as active.
 * One that only pauses is active, and one delisted after the newest session has traded in all there are.
 */
const isDelisted = (last: string, { active, lastDate, newestDate }: LastSessions): boolean =>
  !active && lastDate === last && newestDate !== null && lastDate < newestDate;

async function readDividends(read: Sql, range: Holder & { from: string; to: string }): Promise<AdjustedDividend[]> {
  const known = await selectReferenceRead(read, "dividends");
  if (known !== undefined && (known.coversFrom ?? "") <= range.from) return await selectAdjustedDividends(read, range);
  // Without them the run would be told as one with dividends, and be one without.
  const message = `\`dividends\` from ${range.from} on have not been read yet: that is done by the next run of the ingest job.`;
  throw new HttpError(422, "invalid", message, { field: "dividends" });
}

async function noBars(
  read: Sql,
  { ticker, security = null, from, to }: BarsAsked & Holder,
  named: "ticker" | "benchmark",
): Promise<HttpError> {
  const { firstDate, lastDate } = await selectBarDates(read, { ticker, security });
  if (firstDate === null || lastDate === null) {
    const close = await nearestTicker(read, ticker);
    const advice = close === undefined ? "" : ` Did you mean ${close}?`;
    const message = `No bars of ${ticker} are published. Tickers are case-sensitive.${advice}`;
    return new HttpError(404, "not_found", message, { field: named });
  }
  const range = `those of ${ticker} go from ${firstDate} to ${lastDate}.`;
  if (named === "benchmark") {
    const message = `\`benchmark\` has no bar in the range of the run: ${range}`;
    return new HttpError(422, "invalid", message, { field: named });
  }
  const [field, date] = from !== undefined && from > firstDate ? (["from", from] as const) : (["to", to] as const);
  const message = `\`${field}\` (${date}) leaves no bar: ${range}`;
  return new HttpError(422, "invalid", message, { field });
}

/** The published ticker that was probably meant: the same letters, else at most two of them away; in whatever case. */
async function nearestTicker(read: Sql, ticker: string): Promise<string | undefined> {
  try {
    const published = new Map((await readPublishedTickers(read)).map((known) => [known.toLowerCase(), known]));
    const folded = ticker.toLowerCase();
    return published.get(published.has(folded) ? folded : (nearest(folded, [...published.keys()], 2) ?? ""));
  } catch (error) {
    if (!isUndefinedTable(error)) throw error;
    return undefined;
  }
}

function columnOf(packed: Buffer): Float64Array {
  const values = new Float64Array(packed.length / Float64Array.BYTES_PER_ELEMENT);
  for (let row = 0; row < values.length; row++) values[row] = packed.readDoubleBE(row * Float64Array.BYTES_PER_ELEMENT);
  return values;
}

function toBars(
  dates: string[],
  packed: PackedBars,
  { dividends, delisted }: { dividends: readonly AdjustedDividend[]; delisted: boolean },
): Bars {
  const amounts = new Map(dividends.map(({ date, amount }) => [date, amount]));
  return {
    dates,
    open: columnOf(packed.open),
    high: columnOf(packed.high),
    low: columnOf(packed.low),
    close: columnOf(packed.close),
    volume: columnOf(packed.volume),
    splitFactor: columnOf(packed.splitFactor),
    dividends: Float64Array.from(dates, (date) => amounts.get(date) ?? 0),
    delisted,
  };
}
