import type { Sql, TransactionSql } from "../../../db/client.ts";
import type { Distribution } from "../../../db/distribution/types.ts";
import { isQueryCancelled, isTransientDatabaseError } from "../../../db/errors.ts";
import { lockKeys } from "../../../db/locks.ts";
import { CancelledError, PermanentError, RetryableError } from "../../orchestrator/errors.ts";
import type { QueryTable } from "../project/context/tables.ts";
import { quoteRelation, type Relation } from "../project/types.ts";
import type { Stage } from "./names.ts";
import { beginOnShards, holdRawTables, RollbackRequest } from "./shard-session.ts";

type Row = Record<string, unknown>;
export type Rows = Row[] & { count: number; columns?: { name: string; type: number }[] };

/** The connection and transaction in which a build happens. */
export type Session = {
  stage: Stage;
  /** Runs statements made from the project; cancels them at the server when the build is cancelled. */
  run(text: string): Promise<Rows>;
  /** Runs a statement and gives what it answers as Postgres writes it, so that nothing of a value is lost; of several, the last one's. */
  ask(text: string): Promise<QueryTable>;
  /** Runs a statement that reads whole tables. */
  whole(text: string): Promise<Rows>;
  /** Runs what is no statement of the project, in the same transaction. */
  within(work: (transaction: TransactionSql) => Promise<void>): Promise<void>;
  /** Runs `work` so that its failure undoes only itself. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
  /** Asks of what is committed by now, which the transaction does not see. */
  askNow(text: string): Promise<Rows>;
  /** From here on the time of one model or test counts, where there is a limit to it. */
  startNode(): void;
};

/** A build that goes on beside the market's, and gives way to its publications. */
export type BesideOptions = {
  stage: Exclude<Stage, "market">;
  /** What it reads of others: held from the start, so that all of it is of one publication. */
  reads: readonly Relation[];
  /** Milliseconds that each model and test may take. */
  limitMs: number;
};

export type SessionOptions = {
  sql: Sql;
  signal: AbortSignal | undefined;
  /** New York's date for this build, where it is not to be the clock's. */
  today: string | undefined;
  /** Where the large tables lie on shards; a build of the market prepares its transaction for that. */
  distribution?: Distribution | undefined;
  beside?: BesideOptions | undefined;
};

/** A model or test that took longer than it may. */
export class TimeLimitError extends PermanentError {}

/** Few rows are looked up through indexes, in the cache; all rows are read in order and sorted by several processes. */
const lookUpPageCost = "1.1";
const wholePageCost = "4";

/**
 * Measured on 2.75 million bars: with JIT compilation the windows start later and run no faster; sorts and hashes of a full
 * build stay in memory below this.
 */
const settings: Record<string, string> = {
  work_mem: "256MB",
  maintenance_work_mem: "256MB",
  max_parallel_workers_per_gather: "2",
  // By default the planner thinks handing a row to another process as dear as computing it: casting, adjusting and sorting
  // the bars before their windows took 13 s on one core and 5 s on two.
  parallel_setup_cost: "100",
  parallel_tuple_cost: "0.001",
  jit: "off",
  random_page_cost: lookUpPageCost,
  datestyle: "ISO",
  timezone: "UTC",
  search_path: "public",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
};

/**
 * Runs `work` in one transaction that sees one snapshot, and commits it unless `work` throws or answers `commit: false`. The
 * lock is held by a second connection: taken inside, it would be waited for with a snapshot already old.
 */
export async function inBuildSession<T extends { commit: boolean }>(
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { sql, signal, beside } = options;
  let answer: T | undefined;
  try {
    await sql.begin(async (holder) => {
      const asked = cancellable(holder, signal);
      await asked(`select pg_advisory_xact_lock(${lockKeys[lockNames[beside?.stage ?? "market"]]})`);
      const release = options.distribution && (await holdRawTables(holder));
      try {
        await sql.begin("isolation level repeatable read", async (transaction) => {
          if (beside) await hold(transaction, beside);
          const session = openSession(transaction, signal, {
            askNow: (text) => askAside(holder, signal, text),
            beside,
          });
          const values = { ...settings, ...(options.today && { "barline.today": options.today }) };
          for (const [name, value] of Object.entries(values)) {
            await transaction`select set_config(${name}::text, ${value}::text, true)`;
          }
          if (options.distribution) await beginOnShards(session.run, options.distribution, options.today);
          await release?.();
          answer = await work(session);
          signal?.throwIfAborted();
          if (!answer.commit) throw new RollbackRequest();
        });
      } finally {
        await release?.();
      }
    });
  } catch (error) {
    if (!(error instanceof RollbackRequest)) throw classify(error, signal);
  }
  if (!answer) throw new PermanentError("The build ended without an answer.");
  return answer;
}

/** Asks in the holder's transaction, which keeps none of the locks that the question takes. */
async function askAside(holder: TransactionSql, signal: AbortSignal | undefined, text: string): Promise<Rows> {
  let rows: Rows | undefined;
  try {
    await holder.savepoint(async (inner) => {
      rows = await cancellable(inner, signal)(text);
      throw new RollbackRequest();
    });
  } catch (error) {
    if (!(error instanceof RollbackRequest)) throw error;
  }
  if (!rows) throw new PermanentError("The savepoint ended without an answer.");
  return rows;
}

const lockNames = { market: "build", workspace: "workspaceBuild", workspaceCheck: "workspaceCheck" } as const;

/**
 * Takes hold of what a build beside the market's reads, before its snapshot: a table that a publication puts in the place of another
 * would be empty in an older one. It waits for nobody meanwhile, and shows itself to publications.
 */
async function hold(transaction: TransactionSql, { reads }: BesideOptions): Promise<void> {
  if (reads.length > 0) {
    await transaction.unsafe(`lock table ${reads.map(quoteRelation).join(", ")} in access share mode nowait`);
  }
  await transaction`select pg_advisory_xact_lock_shared(${lockKeys.workspaceReader}::bigint)`;
}

type SessionParts = { askNow: Session["askNow"]; beside: BesideOptions | undefined };

/** Opens a session in a transaction of the caller's. */
export function openSession(
  transaction: TransactionSql,
  signal: AbortSignal | undefined,
  parts?: SessionParts,
): Session {
  let current = transaction;
  const limit = parts?.beside && createLimit(parts.beside.limitMs);
  const timed = async <T>(work: () => Promise<T>): Promise<T> =>
    limit ? await limit.keep(current, work) : await work();
  const run = (text: string) => timed(() => cancellable(current, signal)(text));
  return {
    stage: parts?.beside?.stage ?? "market",
    run,
    ask: async (text) => toTable(await timed(() => untilAborted(() => current.unsafe(text).raw(), signal))),
    async whole(text) {
      const setPageCost = (cost: string) => current`select set_config('random_page_cost', ${cost}::text, true)`;
      await setPageCost(wholePageCost);
      const rows = await run(text);
      await setPageCost(lookUpPageCost);
      return rows;
    },
    within: (work) => work(current),
    askNow: parts?.askNow ?? run,
    startNode: () => limit?.start(),
    async savepoint<T>(work: () => Promise<T>): Promise<T> {
      const outer = current;
      let answer: { value: T } | undefined;
      try {
        await outer.savepoint(async (inner) => {
          current = inner;
          answer = { value: await work() };
        });
      } finally {
        current = outer;
      }
      if (!answer) throw new PermanentError("The savepoint ended without an answer.");
      return answer.value;
    },
  };
}

/** Ends statements, at the server, that go on when the time of a model or test is over. */
function createLimit(limitMs: number) {
  let endsAt = performance.now() + limitMs;
  return {
    start() {
      endsAt = performance.now() + limitMs;
    },
    async keep<T>(transaction: TransactionSql, work: () => Promise<T>): Promise<T> {
      const over = () => new TimeLimitError(`took longer than the ${tellSeconds(limitMs)} that it may`);
      const leftMs = Math.ceil(endsAt - performance.now());
      if (leftMs <= 0) throw over();
      await transaction`select set_config('statement_timeout', ${String(leftMs)}::text, true)`;
      try {
        return await work();
      } catch (error) {
        throw isQueryCancelled(error) && performance.now() >= endsAt ? over() : error;
      }
    },
  };
}

const tellSeconds = (ms: number) => `${ms / 1000} s`;

/** Runs a statement that ends at the server as soon as `signal` fires. */
const cancellable =
  (transaction: TransactionSql, signal: AbortSignal | undefined) =>
  (text: string): Promise<Rows> =>
    untilAborted(() => transaction.unsafe<Row[]>(text), signal);

async function untilAborted<T>(
  start: () => PromiseLike<T> & { cancel(): void },
  signal: AbortSignal | undefined,
): Promise<T> {
  signal?.throwIfAborted();
  const query = start();
  const cancel = () => query.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    return await query;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

/** What the driver gives of one statement, its values as Postgres sent them. */
type RawAnswer = (Buffer | null)[][] & {
  columns?: { name: string; type: number }[];
  command?: string;
  count?: number | null;
};

/** A statement's answer, or the last one's of several, as texts. */
function toTable(answer: unknown): QueryTable {
  const answers = answer as RawAnswer[];
  const last = "command" in answers ? (answer as RawAnswer) : (answers.at(-1) ?? []);
  const { columns = [], command = "", count = null } = last as RawAnswer;
  const message = command === "INSERT" ? `INSERT 0 ${count}` : count === null ? command : `${command} ${count}`;
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    rows: [...(last as RawAnswer)].map((row) => row.map((value) => value?.toString("utf8") ?? null)),
    message,
    count: count ?? -1,
  };
}

const isDatabaseError = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && "code" in error && typeof error.code === "string";

/** Whether the statement itself is at fault, so that its model or test is to blame and not the moment. */
export function isStatementFault(error: unknown, signal: AbortSignal | undefined): error is Error & { code: string } {
  if (signal?.aborted || !isDatabaseError(error) || isTransientDatabaseError(error)) return false;
  return /^[0-9A-Z]{5}$/.test(error.code) && error.code !== "57014";
}

/** The one of our errors that says whether trying again may help. */
export function classify(error: unknown, signal: AbortSignal | undefined): Error {
  if (signal?.aborted)
    return new CancelledError("The build was cancelled; nothing of it was published.", { cause: error });
  if (error instanceof PermanentError || error instanceof RetryableError || error instanceof CancelledError)
    return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isTransientDatabaseError(error) || (isDatabaseError(error) && error.code === "57014")) {
    return new RetryableError(`Postgres could not finish the build: ${message}`, {
      cause: error,
      // A database that is away is no fault of the build, however long it stays away.
      outage: isTransientDatabaseError(error),
      advice: "Nothing was published; the build is tried again.",
    });
  }
  return new PermanentError(`The build failed: ${message}`, { cause: error });
}
