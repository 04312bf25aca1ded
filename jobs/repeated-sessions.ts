import { z } from "zod";
import type { Sql, TransactionSql } from "../db/client.ts";
import { clearBatch, insertRejects } from "../db/queries/market/load.ts";
import type { BarKey } from "../db/queries/market/removed-bars.ts";
import { selectAlikeAnswers, selectRepeatedBars } from "../db/queries/market/session-prints.ts";
import type { LandedObject } from "./lake/manifest.ts";
import { isRepeat } from "./market/answers.ts";
import type { TaskContext } from "./orchestrator/types.ts";

/** An answer that is not loaded, as it is an earlier session's over again. `rows` is how many it has. */
const withheldAnswer = z.object({ session: z.string(), lakeKey: z.string(), rows: z.number(), repeats: z.string() });

/**
 * What a load makes of answers that are another session's over again. `exposed` are later sessions that were believed before the
 * one that they repeat had come.
 */
export const repeatsFound = z.object({
  withheld: z.array(withheldAnswer).default([]),
  exposed: z.array(z.object({ session: z.string(), repeats: z.string() })).default([]),
});
export type Repeats = z.output<typeof repeatsFound>;

/**
 * Compares the whole-market answers that are about to be loaded with those of the sessions around. The fetch has done so before, but
 * with what was there then: of sessions that are fetched side by side or backwards the repeat may have come first. Whatever the
 * order, of two that are the same the later one is the repeat.
 */
export async function findRepeats(sql: Sql, objects: LandedObject[]): Promise<Repeats> {
  const byKey = new Map(objects.flatMap((object) => (object.route === "daily" ? [[object.key, object] as const] : [])));
  const alike = (await selectAlikeAnswers(sql, [...byKey.keys()])).filter(isRepeat);
  const withheld = new Map<string, Repeats["withheld"][number]>();
  for (const { session, lakeKey, other } of alike) {
    const rows = byKey.get(lakeKey)?.rows ?? 0;
    if (other < session && !withheld.has(session)) withheld.set(session, { session, lakeKey, rows, repeats: other });
  }
  const exposed = alike
    .filter(({ session, other }) => other > session && !withheld.has(session) && !withheld.has(other))
    .map(({ session, other }) => ({ session: other, repeats: session }));
  return { withheld: [...withheld.values()], exposed };
}

/** The batch under which a load keeps what it did not stage at all. */
const withheldBatch = -1;

/** Keeps what was left out with its reason, in the transaction of the merge that goes without it. */
export async function keepWithheld(
  transaction: TransactionSql,
  runId: number,
  withheld: Repeats["withheld"],
): Promise<void> {
  if (withheld.length === 0) return;
  // A try before this one may have been committed before its success was.
  await clearBatch(transaction, runId, withheldBatch);
  const kept = withheld.map(({ session, lakeKey, rows, repeats }) => ({
    ...{ kind: "reject" as const, ticker: null, tradeDate: session, lakeKey, row: { rows, repeats } },
    reason: "answer is an earlier session's over again",
  }));
  await insertRejects(transaction, runId, withheldBatch, kept);
}

/**
 * Has such sessions fetched again: their runs then get the right answer, or fail and say what is wrong with it. Answers the bars
 * that are to leave the raw table with the merge of what a run has staged. It goes before the merge: killed in between, the bars
 * are still there to tell what is to be fetched.
 */
export async function refetchRepeats(
  { sql, refetch }: { sql: Sql; refetch(session: string): Promise<void> },
  { withheld, exposed }: Repeats,
  { run, log }: Pick<TaskContext, "run" | "log">,
): Promise<BarKey[]> {
  for (const { session, repeats } of withheld) {
    const what = { session, repeats };
    log.warn("an answer is an earlier session's over again; it is not loaded, and is fetched again", what);
    await refetch(session);
  }
  const bars: BarKey[] = [];
  for (const { session, repeats } of exposed) {
    const repeated = await selectRepeatedBars(sql, run.id, { session, repeats });
    // None: it is not loaded yet, and will be withheld, or was removed with an earlier load.
    if (repeated.length === 0) continue;
    const what = { session, repeats, bars: repeated.length };
    log.warn("a session that was loaded is an earlier one's over again; it is removed, and fetched again", what);
    await refetch(session);
    bars.push(...repeated);
  }
  return bars;
}
