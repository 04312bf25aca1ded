import type { Sql } from "../../db/client.ts";
import { classify } from "./build/session.ts";
import { quoteRelation, type Source } from "./project/types.ts";

/** How old a source's newest row is, judged by the ages that its YAML allows. */
export type SourceFreshness = {
  /** As `source.table`. */
  name: string;
  status: "pass" | "warn" | "error";
  /** Null where the source is empty, which is an error where an age is set. */
  maxLoadedAt: Date | null;
  ageMs: number | null;
  /** What was asked of the database, and for how long. */
  sql: string;
  durationMs: number;
};

/** Checks the sources that state a freshness. Answers; never fails for being stale. */
export async function checkFreshness(
  options: { sql: Sql; sources: Source[]; now: Date },
  signal?: AbortSignal,
): Promise<SourceFreshness[]> {
  const { sql, now } = options;
  const results: SourceFreshness[] = [];
  for (const source of options.sources) {
    const { freshness, loadedAtField } = source;
    if (!freshness || loadedAtField === undefined) continue;
    const filter = freshness.filter === undefined ? "" : ` where ${freshness.filter}`;
    const text = `select max(${loadedAtField})::timestamptz as newest from ${quoteRelation(source.relation)}${filter}`;
    const started = performance.now();
    const newest = await readNewest(sql, text, signal);
    const durationMs = performance.now() - started;
    const ageMs = newest && now.getTime() - newest.getTime();
    const older = (limit: number | undefined) => limit !== undefined && (ageMs === null || ageMs > limit);
    const status = older(freshness.errorAfterMs) ? "error" : older(freshness.warnAfterMs) ? "warn" : "pass";
    results.push({ name: source.name, status, maxLoadedAt: newest, ageMs, sql: text, durationMs });
  }
  return results;
}

async function readNewest(sql: Sql, text: string, signal: AbortSignal | undefined): Promise<Date | null> {
  const query = sql.unsafe<{ newest: Date | null }[]>(text);
  const cancel = () => query.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    signal?.throwIfAborted();
    return (await query)[0]?.newest ?? null;
  } catch (error) {
    throw classify(error, signal);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}
