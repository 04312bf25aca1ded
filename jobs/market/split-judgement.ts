import type { TransactionSql } from "../../db/client.ts";
import {
  type JudgedSplit,
  type SetAside,
  selectSplitsToJudge,
  setSplitsAside,
} from "../../db/queries/market/splits.ts";
import type { TaskLog } from "../orchestrator/types.ts";

/**
 * Whether a split is believed. Applied though it never was, a split multiplies a ticker's whole history; left out though it was,
 * it leaves one jump, which a test shows. So what contradicts itself or the prices is set aside, and told, until somebody or the
 * vendor's next answer decides.
 */

/** What a split says of itself, and the unadjusted prices around its day; null where there is no bar near enough. */
export type SplitEvidence = Pick<JudgedSplit, "splitFrom" | "splitTo" | "adjustmentType" | "closeBefore" | "openAfter">;

/** The largest reverse splits on record make one share of some thousands. */
const largestRatio = 10_000;
/** Smaller steps, stock dividends and spin-offs mostly, are within what prices do overnight: they cannot be judged by them. */
const smallestJudgedFactor = 1.5;
/**
 * The part of the split's step, in logarithms, that prices have to take for it to have happened: where they take less than a
 * quarter, they are nearer to no split than to this one by a factor of three. A true split of 1:2 would need news that halve what is
 * left of the price (of 1:10, that leave a sixth) on its own morning to be taken for none.
 */
const confirmedPart = 0.25;
/** How far from its day bars may lie, in calendar days: over holidays and a halt, but not over the months that a thin stock rests. */
const evidenceDays = 14;

/** Why a split is not believed; null where nothing speaks against it. */
export function doubtOf(split: SplitEvidence): SetAside | null {
  const { splitFrom, splitTo, adjustmentType } = split;
  if (adjustmentType === "reverse_split" && splitTo > splitFrom) return "type";
  if ((adjustmentType === "forward_split" || adjustmentType === "stock_dividend") && splitTo < splitFrom) return "type";
  // By products: 10,000 / 1 is exact, 1 / 10,000 is not.
  if (splitTo > largestRatio * splitFrom || splitFrom > largestRatio * splitTo) return "ratio";
  return isDeniedByPrices(split) ? "prices" : null;
}

function isDeniedByPrices({ splitFrom, splitTo, closeBefore, openAfter }: SplitEvidence): boolean {
  const step = Math.log(splitFrom / splitTo);
  if (Math.abs(step) < Math.log(smallestJudgedFactor) - 1e-9) return false;
  if (closeBefore === null || openAfter === null) return false;
  // A step the other way denies it as well as none does: hence the quotient, with its sign.
  return Math.log(openAfter / closeBefore) / step < confirmedPart;
}

/**
 * Judges the splits that bars from `from` to `to` (inclusive, null: from there on) bear on, and writes what has changed, stamped
 * `at`, so that the models see it. What somebody decided stands. The caller holds the raw tables' lock. Answers what it set aside.
 */
export async function judgeSplits(
  transaction: TransactionSql,
  { at, from, to }: { at: Date; from: string; to: string | null },
): Promise<JudgedSplit[]> {
  const splits = await selectSplitsToJudge(transaction, { from, to, days: evidenceDays });
  const verdicts = splits.map((split) => ({ split, setAside: doubtOf(split) }));
  const changed = verdicts.filter(({ split, setAside }) => setAside !== split.setAside);
  if (changed.length > 0) {
    const rows = changed.map(({ split: { ticker, date }, setAside }) => ({ ticker, date, setAside }));
    await setSplitsAside(transaction, rows, at);
  }
  return changed.filter(({ setAside }) => setAside !== null).map(({ split, setAside }) => ({ ...split, setAside }));
}

const splitsInLog = 20;

/**
 * Judges the splits that the bars of some dates bear on, and tells those that it set aside. Whoever writes or removes raw bars calls
 * it in the same transaction, with the stamp of the raw tables' lock.
 */
export async function judgeDates(
  transaction: TransactionSql,
  log: Pick<TaskLog, "warn">,
  at: Date,
  dates: (string | null)[],
): Promise<{ splitsSetAside?: number }> {
  const known = dates.filter((date) => date !== null).sort();
  const [from] = known;
  if (from === undefined) return {};
  const asides = await judgeSplits(transaction, { at, from, to: known.at(-1) ?? from });
  for (const { ticker, date, splitFrom, splitTo, closeBefore, openAfter } of asides.slice(0, splitsInLog)) {
    log.warn("the prices deny a split; it was set aside", { ticker, date, splitFrom, splitTo, closeBefore, openAfter });
  }
  return asides.length > 0 ? { splitsSetAside: asides.length } : {};
}
