import { isDistributed, type Sql, type TransactionSql } from "../db/client.ts";
import {
  deleteWithdrawn,
  doubtBars,
  endDoubts,
  insertAnswers,
  type LoadedAnswer,
  returnBars,
  selectLacksOfMarket,
  selectLacksOfTickers,
  setKeysOfRestatements,
  withdrawBars,
} from "../db/queries/market/answers.ts";
import { mergeDistributed } from "../db/queries/market/distributed-merge.ts";
import { type MergeCounts, mergeStagedBars, selectLaterLoads, type UniverseFilter } from "../db/queries/market/load.ts";
import { nextMark } from "../db/queries/market/raw-lock.ts";
import { removeBars } from "../db/queries/market/removed-bars.ts";
import { readManifest } from "./lake/manifest.ts";
import type { ObjectStore } from "./lake/store.ts";

export type StagedAnswers = { runId: number; answers: LoadedAnswer[]; universe: UniverseFilter };

/**
 * Merges a run's staged answers into the raw bars, keeps which they were, and withdraws what they lack. The caller holds the
 * raw tables' lock, whose mark is `mark`. What each answer says is said at a mark of its own where several speak of one
 * session, so that a bar's mark leads to the one file that stated it.
 */
export async function mergeAnswers(
  transaction: TransactionSql,
  staged: StagedAnswers,
  mark: Date,
): Promise<MergeCounts> {
  const counts: MergeCounts = {
    ...{ new: 0, revised: 0, unchanged: 0, doubtful: 0, withdrawn: 0, returned: 0 },
    ...{ firstDate: null, lastDate: null },
  };
  await deleteWithdrawn(transaction, staged.runId);
  const passes = passesOf(staged.answers);
  let at = mark;
  for (const [index, answers] of passes.entries()) {
    if (index > 0) at = await nextMark(transaction, at);
    await mergePass(transaction, { ...staged, answers }, at, passes.length === 1, counts);
  }
  return counts;
}

/** The answers in as few groups as keep those apart, in their order, that speak of the same session. */
function passesOf(answers: LoadedAnswer[]): LoadedAnswer[][] {
  const placed: { answers: LoadedAnswer[]; from: string; to: string; pass: number }[] = [];
  // What one event tells is of one run, and says nothing twice.
  for (const [, ofEvent] of [...Map.groupBy(answers, ({ sequence }) => sequence)].sort(([a], [b]) => a - b)) {
    const from = ofEvent.map((answer) => answer.from).sort()[0] ?? "";
    const to =
      ofEvent
        .map((answer) => answer.to)
        .sort()
        .at(-1) ?? "";
    const before = placed.filter((other) => other.from <= to && other.to >= from);
    placed.push({ answers: ofEvent, from, to, pass: Math.max(0, ...before.map(({ pass }) => pass + 1)) });
  }
  const passes = Map.groupBy(placed, ({ pass }) => pass);
  return [...passes].sort(([a], [b]) => a - b).map(([, group]) => group.flatMap((event) => event.answers));
}

async function mergePass(
  transaction: TransactionSql,
  { runId, answers, universe }: StagedAnswers,
  at: Date,
  isOnly: boolean,
  counts: MergeCounts,
): Promise<void> {
  const sequences = [...new Set(answers.map(({ sequence }) => sequence))];
  const merge = isDistributed(transaction) ? mergeDistributed : mergeStagedBars;
  const merged = await merge(transaction, runId, at, universe, isOnly ? null : sequences);
  await insertAnswers(transaction, answers, at);
  if (merged.updated > 0) await setKeysOfRestatements(transaction, at);
  await endDoubts(transaction, runId, sequences);
  if (merged.inserted > 0) counts.returned += await returnBars(transaction, at);
  const lacks = [
    ...(answers.some(({ ticker }) => ticker === null) ? await selectLacksOfMarket(transaction, runId, at) : []),
    ...(answers.some(({ ticker }) => ticker !== null) ? await selectLacksOfTickers(transaction, runId, at) : []),
  ];
  const withdrawn = lacks.length > 0 ? await withdrawBars(transaction, lacks, at) : [];
  if (withdrawn.length > 0) await removeBars(transaction, withdrawn, at);
  if (lacks.length > 0) counts.doubtful += await doubtBars(transaction, lacks, at);
  counts.new += merged.inserted;
  counts.revised += merged.updated;
  counts.unchanged += merged.unchanged;
  counts.withdrawn += withdrawn.length;
  const dates = [counts.firstDate, counts.lastDate, merged.firstDate, merged.lastDate]
    .concat(withdrawn.map(({ tradeDate }) => tradeDate))
    .filter((date) => date !== null)
    .sort();
  counts.firstDate = dates[0] ?? null;
  counts.lastDate = dates.at(-1) ?? null;
}

/**
 * Sessions of which a later whole-market answer is in the table already. Events are loaded in order, but a run that failed and
 * is retried comes late: its answers are older than what is there.
 */
export async function findSuperseded(
  options: { sql: Sql; lake: ObjectStore },
  runId: number,
): Promise<{ sequence: number; session: string }[]> {
  const later = await selectLaterLoads(options.sql, runId);
  const found = await Promise.all(
    later.map(async ({ sequence, manifest }) => {
      const { objects } = await readManifest(options.lake, manifest);
      return objects.flatMap((object) => (object.route === "daily" ? { sequence, session: object.session } : []));
    }),
  );
  return found.flat();
}
