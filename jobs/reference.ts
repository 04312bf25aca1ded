import type { JsonValue, Sql } from "../db/client.ts";
import { lockRawTables } from "../db/queries/raw-lock.ts";
import {
  mergeDividends,
  mergeSplits,
  mergeTickers,
  type ReferenceKind,
  recordReferenceRead,
  selectReferenceRead,
  withReferenceLock,
} from "../db/queries/reference.ts";
import { landAnswer } from "./lake/manifest.ts";
import type { ObjectStore } from "./lake/store.ts";
import { newYorkDate } from "./market/calendar.ts";
import type { MarketClient, RawAnswer } from "./market/client.ts";
import { parseDividends, parseSplits, parseTickers } from "./market/reference.ts";
import { PermanentError } from "./orchestrator/errors.ts";
import { storableJson } from "./orchestrator/storable.ts";
import type { TaskLog } from "./orchestrator/types.ts";

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

type ReadContext = { log: TaskLog; signal: AbortSignal };

export type ReferenceOptions = { sql: Sql; client: MarketClient; lake: ObjectStore; now(): Date };

const hourMs = 3_600_000;
/** Splits move prices, so each session's run reads them anew; names and payments may be a day old. */
const staleAfterMs: Record<ReferenceKind, number> = {
  splits: 6 * hourMs,
  tickers: 20 * hourMs,
  dividends: 20 * hourMs,
};
/** How far back dividends that were read before are read again, for what the vendor added or corrected late. */
const dividendWindowDays = 45;

export function createReferenceData(options: ReferenceOptions): ReferenceData {
  const { sql, now } = options;
  /** Who asks for a kind waits for who asked before, and then looks whether that was enough. */
  const turns = new Map<ReferenceKind, Promise<void>>();
  const asking = new Map<ReferenceKind, number>();
  const askAgainAt = new Map<ReferenceKind, number>();

  /** What is still to be read of `kind`; undefined where it is known and fresh. */
  const findNeed = async (kind: ReferenceKind, from: string) => {
    const known = await selectReferenceRead(sql, kind);
    const covered = known !== undefined && (known.coversFrom === null || known.coversFrom <= from);
    if (covered && now().getTime() - known.readAt.getTime() < staleAfterMs[kind]) return undefined;
    return { from: known?.coversFrom && known.coversFrom < from ? known.coversFrom : from, covered };
  };

  const readIfNeeded = async (kind: ReferenceKind, from: string, context: ReadContext): Promise<void> => {
    if (!(await findNeed(kind, from))) return;
    await withReferenceLock(sql, kind, async () => {
      // Another process may have read it while this one waited.
      const need = await findNeed(kind, from);
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

async function read(
  options: ReferenceOptions,
  kind: ReferenceKind,
  range: { from: string; covered: boolean },
  context: ReadContext,
): Promise<void> {
  switch (kind) {
    case "tickers":
      return await readTickers(options, context);
    case "splits":
      return await readSplits(options, range.from, context);
    case "dividends":
      return await readDividends(options, range, context);
  }
}

async function readTickers(options: ReferenceOptions, context: ReadContext): Promise<void> {
  const { client } = options;
  const active = await client.tickers({ active: true }, { signal: context.signal });
  await land(options, "tickers", active, context, "active");
  const inactive = await client.tickers({ active: false }, { signal: context.signal });
  await land(options, "tickers", inactive, context, "inactive");
  // The list of those that trade goes first: a symbol that was used again means the company that has it now.
  const { rows, rejects } = parseTickers([...active, ...inactive]);
  report(context.log, "tickers", rows.length, rejects);
  const calls = active.length + inactive.length;
  await options.sql.begin(async (transaction) => {
    const at = await lockRawTables(transaction);
    await mergeTickers(transaction, storableJson(rows), at);
    await recordReferenceRead(transaction, {
      kind: "tickers",
      coversFrom: null,
      readAt: options.now(),
      rows: rows.length,
      calls,
    });
  });
}

async function readSplits(options: ReferenceOptions, from: string, context: ReadContext): Promise<void> {
  const answers = await options.client.splits({ fromDate: from }, { signal: context.signal });
  await land(options, "splits", answers, context);
  const { rows, rejects } = parseSplits(answers);
  report(context.log, "splits", rows.length, rejects);
  await options.sql.begin(async (transaction) => {
    const at = await lockRawTables(transaction);
    await mergeSplits(transaction, storableJson(rows), from, at);
    const read = { kind: "splits" as const, coversFrom: from, readAt: options.now(), rows: rows.length };
    await recordReferenceRead(transaction, { ...read, calls: answers.length });
  });
}

async function readDividends(
  options: ReferenceOptions,
  range: { from: string; covered: boolean },
  context: ReadContext,
): Promise<void> {
  const windowStart = newYorkDate(new Date(options.now().getTime() - dividendWindowDays * 24 * hourMs));
  const from = range.covered && windowStart > range.from ? windowStart : range.from;
  const answers = await options.client.dividends({ fromDate: from }, { signal: context.signal });
  await land(options, "dividends", answers, context);
  const { rows, rejects } = parseDividends(answers);
  report(context.log, "dividends", rows.length, rejects);
  await options.sql.begin(async (transaction) => {
    const at = await lockRawTables(transaction);
    await mergeDividends(transaction, storableJson(rows), from, at);
    const read = { kind: "dividends" as const, coversFrom: range.from, readAt: options.now(), rows: rows.length };
    await recordReferenceRead(transaction, { ...read, calls: answers.length });
  });
}

async function land(
  options: ReferenceOptions,
  route: ReferenceKind,
  answers: RawAnswer[],
  context: ReadContext,
  name?: string,
): Promise<void> {
  const date = newYorkDate(options.now());
  for (const [index, answer] of answers.entries()) {
    const place = { route, date, page: index + 1, ...(name && { name }) };
    const { body, path: request, resultsCount: rows } = answer;
    await landAnswer(options.lake, { place, body, rows, request, signal: context.signal });
  }
}

const rejectsInLog = 20;

function report(log: TaskLog, kind: string, rows: number, rejects: { reason: string; row: unknown }[]): void {
  log.info(`read the ${kind}`, { rows, rejected: rejects.length });
  for (const { reason, row } of rejects.slice(0, rejectsInLog)) {
    log.warn(`a row of the ${kind} was left out: ${reason}`, { row: row as JsonValue });
  }
}
