import type { JsonValue, Sql, TransactionSql } from "../../../db/client.ts";
import { insertAction } from "../../../db/queries/operations/actions.ts";
import {
  copyScenario,
  countScenarios,
  deleteScenario,
  insertScenario,
  lockScenario,
  renameScenario,
  restoreScenario,
  type ScenarioRun,
  selectNamesLike,
  selectScenario,
  starScenario,
  updateScenarioRun,
} from "../../../db/queries/research/scenarios.ts";
import { type Actor, RequestError } from "../../../jobs/orchestrator/types.ts";
import { beginningOf, cleanName, freeName, named, nameTaken } from "../../http/names.ts";
import { type Backtests, runHere } from "../backtests/elsewhere.ts";
import { tradesOf } from "../backtests/run.ts";
import type { BacktestRequest } from "../backtests/schemas.ts";
import type { Scenario } from "../backtests/types.ts";
import { requestOf } from "./request.ts";
import { createVersionCache, type VersionCache } from "./version-cache.ts";

/** How many scenarios may be kept: far more than a person compares, and a bound on what a script can fill up. */
const mostScenarios = 2000;
const thing = "scenario";

/**
 * What people do with scenarios. Each keeps who did it, and throws a RequestError where it cannot be done as asked, or
 * the HttpError of a run that cannot be made.
 */
export type Scenarios = {
  /** Runs a request and keeps what it came to. Answers the new id. */
  save(request: BacktestRequest, name: string, by: Actor): Promise<number>;
  rename(id: number, name: string, by: Actor): Promise<void>;
  /** Keeps the same run by another name; by `name (copy)` where none is given. Answers the new id. */
  duplicate(id: number, name: string | undefined, by: Actor): Promise<number>;
  /** Makes it a favourite, or none any more. */
  star(id: number, isStarred: boolean, by: Actor): Promise<void>;
  /** Takes it off the lists; `restore` has it back until housekeeping removes it for good. */
  remove(id: number, by: Actor): Promise<void>;
  /** Puts it back; by `name (restored)` where its name was given away since. */
  restore(id: number, by: Actor): Promise<void>;
  /** Runs it again on the data of now; the figures before stay beside the new ones. */
  runAgain(id: number, by: Actor): Promise<void>;
} & VersionCache;

type Options = {
  /** Where scenarios are kept. */
  sql: Sql;
  /** Where runs read bars. */
  read: Sql;
  /** Where they are run; here where it is left out. */
  backtests?: Backtests;
  now(): Date;
};

/** What people do with scenarios, on one database. */
export function createScenarios({ sql, read, now, backtests = runHere(read) }: Options): Scenarios {
  /** One deed and its record; `name` is what its scenario is called then. */
  const act = async <Result>(
    kind: string,
    by: Actor,
    deed: (transaction: TransactionSql) => Promise<{ id: number; name: string; result: Result }>,
  ): Promise<Result> =>
    (await sql.begin(async (transaction) => {
      const { id, name, result } = await deed(transaction);
      await insertAction(transaction, { actor: by.name, via: by.via, kind, details: { scenario: id, name } });
      return result;
    })) as Result;

  return {
    ...createVersionCache({ read, now }),
    async save(request, name, by) {
      const clean = cleanName(name, thing);
      // Before a run that may take seconds.
      await requireFree(sql, clean);
      await requireRoom(sql);
      const { scenario, ...run } = await runNow(backtests, request, now());
      return await named(clean, thing, () =>
        act("scenario.create", by, async (transaction) => {
          const kept = { ...run, name: clean, request: scenario as unknown as JsonValue, by: by.name, at: now() };
          const id = await insertScenario(transaction, kept);
          return { id, name: clean, result: id };
        }),
      );
    },
    async rename(id, name, by) {
      const clean = cleanName(name, thing);
      await named(clean, thing, () =>
        act("scenario.rename", by, async (transaction) => ({
          ...(await withListed(transaction, id, () => renameScenario(transaction, id, clean, now()))),
          name: clean,
        })),
      );
    },
    async duplicate(id, name, by) {
      const clean = name === undefined ? undefined : cleanName(name, thing);
      return await named(clean ?? "", thing, () =>
        act("scenario.copy", by, async (transaction) => {
          const original = await lockListed(transaction, id);
          await requireRoom(transaction);
          const given = clean ?? (await freeNameOf(transaction, original.name, "copy"));
          const copy = await copyScenario(transaction, { id, name: given, by: by.name, at: now() });
          return { id: copy, name: given, result: copy };
        }),
      );
    },
    star: (id, isStarred, by) =>
      act(isStarred ? "scenario.star" : "scenario.unstar", by, (transaction) =>
        withListed(transaction, id, () => starScenario(transaction, id, isStarred ? now() : null)),
      ),
    remove: (id, by) =>
      act("scenario.delete", by, (transaction) =>
        withListed(transaction, id, () => deleteScenario(transaction, id, now())),
      ),
    restore: (id, by) => act("scenario.restore", by, (transaction) => restoreDeleted(transaction, id)),
    async runAgain(id, by) {
      const kept = await selectScenario(sql, id);
      if (kept === null || kept.deletedAt !== null) throw noScenario(id);
      const { scenario: _, ...run } = await runNow(backtests, requestOf(kept), now());
      await act("scenario.run", by, (transaction) =>
        withListed(transaction, id, () => updateScenarioRun(transaction, id, run)),
      );
    },
  };
}

/** Puts a deleted scenario back, and answers what it is called now. */
async function restoreDeleted(transaction: TransactionSql, id: number) {
  const { name, deletedAt } = await requireScenario(transaction, id);
  if (deletedAt === null) throw new RequestError("conflict", `“${name}” is not deleted.`);
  const taken = await selectNamesLike(transaction, name);
  const isFree = !taken.some((other) => other.toLowerCase() === name.toLowerCase());
  const free = isFree ? name : await freeNameOf(transaction, name, "restored");
  await restoreScenario(transaction, id, free);
  return { id, name: free, result: undefined };
}

/** The refusal for an id that no scenario has, or a deleted one. */
export const noScenario = (id: number): RequestError =>
  new RequestError("not_found", `There is no scenario ${id}, or it was deleted.`);

/** Runs a request, and tells what is kept of it. */
export async function runNow(
  backtests: Backtests,
  request: BacktestRequest,
  ranAt: Date,
): Promise<ScenarioRun & { scenario: Scenario }> {
  const run = await backtests.run(request);
  const { scenario, backtest, bars, dataVersion } = run;
  return {
    ...{ scenario, dataVersion, ranAt },
    metrics: { ...backtest.metrics },
    dates: [...bars.dates],
    equity: [...backtest.equity],
    trades: tradesOf(run),
  };
}

async function requireRoom(sql: Sql | TransactionSql): Promise<void> {
  if ((await countScenarios(sql)) < mostScenarios) return;
  throw new RequestError(
    "conflict",
    `There are ${mostScenarios} scenarios, the most that are kept. Delete some first.`,
  );
}

async function requireScenario(transaction: TransactionSql, id: number) {
  const kept = await lockScenario(transaction, id);
  if (kept === null) throw noScenario(id);
  return kept;
}

async function lockListed(transaction: TransactionSql, id: number) {
  const kept = await requireScenario(transaction, id);
  if (kept.deletedAt !== null) throw noScenario(id);
  return kept;
}

/** Does something to a scenario that is listed, and tells which that was. */
async function withListed(transaction: TransactionSql, id: number, deed: () => Promise<void>) {
  const { name } = await lockListed(transaction, id);
  await deed();
  return { id, name, result: undefined };
}

async function requireFree(sql: Sql, name: string): Promise<void> {
  const taken = await selectNamesLike(sql, name);
  if (taken.some((other) => other.toLowerCase() === name.toLowerCase())) throw nameTaken(name, thing);
}

async function freeNameOf(transaction: TransactionSql, name: string, word: string): Promise<string> {
  // Endings of two digits at the most are looked for among the names that begin alike.
  const taken = await selectNamesLike(transaction, beginningOf(name, word.length + 7));
  return freeName(name, word, taken);
}
