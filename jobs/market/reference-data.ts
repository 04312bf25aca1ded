import type { JsonValue, Sql, TransactionSql } from "../../db/client.ts";
import { mergeListings } from "../../db/queries/market/listings.ts";
import { lockRawTables } from "../../db/queries/market/raw-lock.ts";
import {
  countListedDividends,
  countListedSplits,
  insertReferenceRejects,
  type Listing,
  mergeDividends,
  mergeSplits,
  mergeTickers,
  type ReferenceKind,
  recordReferenceRead,
  type StillListed,
  selectReferenceRead,
  withReferenceLock,
} from "../../db/queries/market/reference.ts";
import { type LandedObject, landAnswer } from "../lake/manifest.ts";
import type { ObjectStore } from "../lake/store.ts";
import { PermanentError } from "../orchestrator/errors.ts";
import { storableJson, storableText } from "../orchestrator/storable.ts";
import type { TaskLog } from "../orchestrator/types.ts";
import { newYorkDate } from "./calendar.ts";
import type { MarketClient, RawAnswer } from "./client.ts";
import { parseDividends, parseSplits, parseTickers } from "./reference.ts";
import type { Page, ParsedRows, RejectedRow } from "./rows.ts";
import { judgeSplits } from "./split-judgement.ts";

/** The market's reference data: tickers, splits, dividends. Read when they are stale, once for all who ask at a time, in every process. */
export type ReferenceData = {
  /** Makes sure of `kind`, for dates from `from` on. Waits for a read that is under way. */
  ensure(kind: ReferenceKind, from: string, context: ReadContext): Promise<void>;
  /**
   * The same for what bars can do without: does nothing while somebody else is reading, and where the API refuses it for
   * good (not in the plan, say) warns, and asks again when it would be stale.
   */
  refresh(kind: ReferenceKind, from: string, context: ReadContext): Promise<void>;
};

/** `run` is what rejected rows are kept under. What was read before `newerThan` is stale, however young. */
type ReadContext = { run: { id: number }; log: TaskLog; signal: AbortSignal; newerThan?: Date };

export type ReferenceOptions = {
  sql: Sql;
  client: MarketClient;
  lake: ObjectStore;
  now(): Date;
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Splits move prices, so that a catch-up reads them anew several times a day; names and payments may be a day old. */
const staleAfterMs: Record<ReferenceKind, number> = {
  splits: 6 * hourMs,
  tickers: 20 * hourMs,
  dividends: 20 * hourMs,
};
/**
 * How far back what was read before is read again, besides all that is announced: most of what the vendor adds, corrects or
 * withdraws is weeks old at the most. It is one page of splits, and two of dividends, a session.
 */
const windowDays = 45;
/** When all is read again, for what was corrected later than that: 3 calls for ten years of splits, some 60 for their dividends. */
const wholeAfterMs: Record<"splits" | "dividends", number> = { splits: 7 * dayMs, dividends: 28 * dayMs };

export function createReferenceData(options: ReferenceOptions): ReferenceData {
  const { sql, now } = options;
  /** Who asks for a kind waits for who asked before, and then looks whether that was enough. */
  const turns = new Map<ReferenceKind, Promise<void>>();
  const asking = new Map<ReferenceKind, number>();
  const askAgainAt = new Map<ReferenceKind, number>();

  const readIfNeeded = async (kind: ReferenceKind, from: string, context: ReadContext): Promise<void> => {
    if (!(await findNeed(options, kind, from, context))) return;
    await withReferenceLock(sql, kind, async () => {
      // Another process may have read it while this one waited.
      const need = await findNeed(options, kind, from, context);
      if (need) await read(options, kind, need, context);
    });
  };

  const ensure = (kind: ReferenceKind, from: string, context: ReadContext): Promise<void> => {
    // Whether the one before succeeded is its own affair: this one looks for itself.
    const before = (turns.get(kind) ?? Promise.resolve()).catch(() => {});
    const count = (change: number) => asking.set(kind, (asking.get(kind) ?? 0) + change);
    count(1);
    const turn = before.then(() => readIfNeeded(kind, from, context)).finally(() => count(-1));
    turns.set(kind, turn);
    return turn;
  };

  return {
    ensure,
    async refresh(kind, from, context) {
      if ((asking.get(kind) ?? 0) > 0 || now().getTime() < (askAgainAt.get(kind) ?? 0)) return;
      try {
        await ensure(kind, from, context);
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error;
        askAgainAt.set(kind, now().getTime() + staleAfterMs[kind]);
        const advice = error.advice ?? null;
        context.log.warn(`the ${kind} could not be read; the bars are not held up by it: ${error.message}`, { advice });
      }
    },
  };
}

/** What is to be read: dates from `from` on; afterwards those from `coversFrom` on are known. */
type Need = { from: string; coversFrom: string };

/** What is still to be read of `kind`; undefined where it is known and fresh. */
async function findNeed(
  { sql, now }: ReferenceOptions,
  kind: ReferenceKind,
  from: string,
  { newerThan }: ReadContext,
): Promise<Need | undefined> {
  const known = await selectReferenceRead(sql, kind);
  const covered = known !== undefined && (known.coversFrom === null || known.coversFrom <= from);
  const isFresh = known && now().getTime() - known.readAt.getTime() < staleAfterMs[kind];
  if (covered && isFresh && (newerThan === undefined || known.readAt >= newerThan)) return undefined;
  const coversFrom = known?.coversFrom && known.coversFrom < from ? known.coversFrom : from;
  if (kind === "tickers" || !covered) return { from: coversFrom, coversFrom };
  const whole = await selectReferenceRead(sql, `${kind}_whole`);
  const isWhole = whole?.coversFrom && whole.coversFrom <= coversFrom;
  if (!isWhole || now().getTime() - whole.readAt.getTime() >= wholeAfterMs[kind])
    return { from: coversFrom, coversFrom };
  const windowStart = newYorkDate(now().getTime() - windowDays * dayMs);
  const [later = coversFrom] = [windowStart, coversFrom].sort().toReversed();
  return { from: later, coversFrom };
}

async function read(options: ReferenceOptions, kind: ReferenceKind, need: Need, context: ReadContext): Promise<void> {
  if (kind === "tickers") return await readTickers(options, context);
  const { client } = options;
  const readAt = options.now();
  const call = { signal: context.signal };
  const { pages, landed } = await land(options, kind, client[kind]({ fromDate: need.from }, call), context);
  const parsed: ParsedRows<unknown> = kind === "splits" ? parseSplits(pages) : parseDividends(pages);
  report(context.log, kind, parsed);
  const rows = storableJson(parsed.rows as JsonValue);
  await options.sql.begin(async (transaction) => {
    const insertedAt = await lockRawTables(transaction);
    const listing = { rows, from: need.from, insertedAt, withdraw: true };
    const changesBars = await takeOver(transaction, kind, listing, context.log);
    await keepRejects(transaction, context.run.id, parsed.rejects, landed);
    const about = { coversFrom: need.coversFrom, readAt, rows: parsed.rows.length, calls: pages.length };
    if (changesBars) {
      await recordReferenceRead(transaction, { ...about, kind: "dividends_changed", readAt: insertedAt });
    }
    await recordReferenceRead(transaction, { kind, ...about });
    if (need.from === need.coversFrom) await recordReferenceRead(transaction, { kind: `${kind}_whole`, ...about });
  });
}

/** Fewer rows than these may all have been withdrawn. */
const manyRows = 10;
const rejectsInLog = 20;

/**
 * Merges what is listed. A list that lacks most of what is known is an outage, and would turn the adjusted prices of the whole
 * market around: then nothing counts as withdrawn. Answers whether that changes what is published of bars that are there, and
 * nothing else wakes the build.
 */
async function takeOver(
  transaction: TransactionSql,
  kind: "splits" | "dividends",
  listing: Listing,
  log: TaskLog,
): Promise<boolean> {
  const count = kind === "splits" ? countListedSplits : countListedDividends;
  const { known, listed }: StillListed = await count(transaction, listing);
  const isOutage = known > manyRows && listed < known / 2;
  if (isOutage) {
    const fields = { known, listed, from: listing.from };
    log.warn(`the API lists few of the ${kind} that are known; none of them counts as withdrawn`, fields);
  }
  const taken = { ...listing, withdraw: !isOutage };
  if (kind === "dividends") return await mergeDividends(transaction, taken);
  await mergeSplits(transaction, taken);
  const asides = await judgeSplits(transaction, { at: listing.insertedAt, from: earliestOf(listing), to: null });
  for (const { ticker, date, splitFrom, splitTo, setAside } of asides.slice(0, rejectsInLog)) {
    log.warn("a split was set aside", { ticker, date, splitFrom, splitTo, why: setAside });
  }
  // They are read before the bars of their run, whose load wakes the build; dividends come after them.
  return false;
}

/** The first day that a list bears on: an answer may go back further than it was asked to. */
function earliestOf({ rows, from }: Listing): string {
  const dates = (rows as { executionDate: string }[]).map(({ executionDate }) => executionDate);
  return [from, ...dates].sort()[0] ?? from;
}

async function readTickers(options: ReferenceOptions, context: ReadContext): Promise<void> {
  const { client } = options;
  const readAt = options.now();
  const call = { signal: context.signal };
  const active = await land(options, "tickers", client.tickers({ active: true }, call), context, "active");
  const inactive = await land(options, "tickers", client.tickers({ active: false }, call), context, "inactive");
  const landed = [...active.landed, ...inactive.landed];
  const { rows, rejects } = parseTickers([...active.pages, ...inactive.pages]);
  report(context.log, "tickers", { rows, rejects });
  const calls = landed.length;
  await options.sql.begin(async (transaction) => {
    const at = await lockRawTables(transaction);
    await mergeTickers(transaction, storableJson(rows), at);
    const { isOutage } = await mergeListings(transaction, storableJson(rows), at);
    if (isOutage) context.log.warn("the API lists few of the tickers that are known; none of them counts as gone");
    await keepRejects(transaction, context.run.id, rejects, landed);
    await recordReferenceRead(transaction, { kind: "tickers", coversFrom: null, readAt, rows: rows.length, calls });
  });
}

/** Lands each page as it comes, and keeps of it only what it says: the next is asked for when this one is safe. */
async function land(
  options: ReferenceOptions,
  route: ReferenceKind,
  answers: AsyncIterable<RawAnswer>,
  context: ReadContext,
  name?: string,
): Promise<{ pages: Page[]; landed: LandedObject[] }> {
  const date = newYorkDate(options.now());
  const pages: Page[] = [];
  const landed: LandedObject[] = [];
  for await (const { body, path: request, resultsCount: rows, redacted, answer } of answers) {
    const place = { route, date, page: landed.length + 1, ...(name && { name }) };
    landed.push(await landAnswer(options.lake, { place, body, rows, request, redacted, signal: context.signal }));
    pages.push({ answer });
  }
  return { pages, landed };
}

/** Keeps each refused row with its reason and the object that it came from. */
async function keepRejects(
  transaction: TransactionSql,
  runId: number,
  rejects: RejectedRow[],
  landed: LandedObject[],
): Promise<void> {
  if (rejects.length === 0) return;
  const textOf = (row: unknown, ...names: string[]) => {
    const fields = typeof row === "object" && row !== null ? (row as Record<string, unknown>) : {};
    const text = names.map((name) => fields[name]).find((value) => typeof value === "string");
    return typeof text === "string" ? storableText(text) : null;
  };
  const kept = rejects.map(({ reason, row, page }) => ({
    kind: "reject" as const,
    ticker: textOf(row, "ticker"),
    tradeDate: textOf(row, "execution_date", "ex_dividend_date"),
    reason,
    lakeKey: landed[page]?.key ?? "",
    row: storableJson(row as JsonValue),
  }));
  await insertReferenceRejects(transaction, runId, kept);
}

function report(log: TaskLog, kind: string, { rows, rejects }: ParsedRows<unknown>): void {
  log.info(`read the ${kind}`, { rows: rows.length, rejected: rejects.length });
  for (const { reason, row } of rejects.slice(0, rejectsInLog)) {
    log.warn(`a row of the ${kind} was left out: ${reason}`, { row: row as JsonValue });
  }
}
