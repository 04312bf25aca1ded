import type { Logger } from "pino";
import type { Sql } from "../../../db/client.ts";
import {
  cancelStatement,
  checkSignIn,
  openStatement,
  type ResultColumn,
  type ResultRow,
  type RunningStatement,
} from "../../../db/console/cursor.ts";
import {
  ensureConsoleLogin,
  type MissingLogin,
  type PublishedLogin,
  passwordStatement,
} from "../../../db/console/login.ts";
import { StatementError } from "../../../db/console/statement.ts";
import { isWrongPassword } from "../../../db/errors.ts";
import {
  finishSqlRun,
  insertSqlRun,
  type SqlPurpose,
  type SqlRunEnd,
  selectRunningByKey,
} from "../../../db/queries/research/sql-runs.ts";
import type { Actor } from "../../../jobs/orchestrator/types.ts";
import { HttpError } from "../../http/errors.ts";
import { sqlLimits } from "./limits.ts";
import { createSavedQueries, type SavedQueries } from "./saved.ts";

type AskedStatement = {
  text: string;
  purpose: SqlPurpose;
  /** What the asker cancels it by; null where they do not. */
  key: string | null;
  /** The most rows that are given. */
  limit: number;
  signal?: AbortSignal;
};

/** What came of a statement, or what was wrong with it. */
export type StatementResult = {
  id: number;
  durationMs: number;
  columns: ResultColumn[];
  rows: ResultRow[];
  /** Why there are more rows than are given; null where these are all. */
  cut: "rows" | "size" | null;
  /** Whether a value is longer than what is given of it. */
  hasCutValues: boolean;
  problem: StatementError | null;
};

/** Rows as they come; whoever takes them has to read to the end, or return early. */
export type StatementStream = { columns: ResultColumn[]; batches: AsyncGenerator<ResultRow[]> };

/** Runs people's statements as the login that reads what is published, and keeps what was run. */
export type SqlConsole = {
  /** The login, or what is missing for it. */
  access(): Promise<PublishedLogin | MissingLogin>;
  /** Throws an HttpError where it cannot be run at all; what is wrong with the statement is in the result. */
  run(asked: AskedStatement, by: Actor): Promise<StatementResult>;
  /** Throws what `run` throws, and a {@link StatementError}; the batches throw where there are more rows than may be given. */
  stream(asked: AskedStatement, by: Actor): Promise<StatementStream>;
  /** Ends a statement in the database, whichever process asked for it. False where none runs any more. */
  cancel(which: { id: number } | { key: string }): Promise<boolean>;
  saved: SavedQueries;
};

export type SqlConsoleOptions = {
  /** Of the database; the login's own name and password take the place of those in it. */
  url: string;
  /** Where what was run is kept, as the owner of the database. */
  sql: Sql;
  log: Logger;
  now(): Date;
  timeoutMs?: number;
};

/** Makes the console of one process. It signs in once somebody asks for it. */
export function createSqlConsole(options: SqlConsoleOptions): SqlConsole {
  const { url, sql, now, timeoutMs = sqlLimits.timeoutMs } = options;
  const access = createAccess(options);
  let running = 0;

  /** Begins one, and keeps that; `end` has to be called once, also where it could not begin. */
  async function open(asked: AskedStatement, by: Actor, widest: number): Promise<Opened> {
    if (asked.text.length > sqlLimits.longestText) throw tooLong();
    if (running >= sqlLimits.atOnce) throw busy();
    running += 1;
    const startedMs = performance.now();
    const elapsedMs = () => Math.round(performance.now() - startedMs);
    let statement: RunningStatement | undefined;
    let id: number | undefined;
    const end = async (outcome: Omit<SqlRunEnd, "durationMs">) => {
      running -= 1;
      await statement?.close();
      if (id !== undefined) await finishSqlRun(sql, id, { ...outcome, durationMs: elapsedMs() });
    };
    try {
      const login = await requireLogin(access);
      const { name: actor, via } = by;
      id = await insertSqlRun(sql, { ...asked, startedAt: now(), actor, via });
      const { text, purpose, limit, signal } = asked;
      const explain = purpose === "plan" || purpose === "analyze" ? purpose : undefined;
      // One more than is given, to know whether there is one.
      statement = await openStatement(url, login, { id, text, explain, widest, limit: limit + 1, timeoutMs, signal });
      return { id, statement, end, elapsedMs, problem: null };
    } catch (error) {
      if (error instanceof StatementError && id !== undefined) {
        await end(endOf(error));
        return { id, statement: null, end, elapsedMs, problem: error };
      }
      await end({ state: "failed", rows: null, isCut: false, error: "It could not be run." });
      throw error;
    }
  }

  return {
    access,
    async run(asked, by) {
      const widest = sqlLimits.widest;
      const opened = await open(asked, by, widest);
      const { id, statement, end, elapsedMs } = opened;
      const none = { id, columns: [], rows: [], cut: null, hasCutValues: false };
      if (statement === null) return { ...none, durationMs: elapsedMs(), problem: opened.problem };
      try {
        const collected = await collect(statement, asked.limit, widest);
        await end({ state: "success", rows: collected.rows.length, isCut: collected.cut !== null, error: null });
        return { id, durationMs: elapsedMs(), columns: statement.columns, ...collected, problem: null };
      } catch (error) {
        await end(endOf(error));
        if (!(error instanceof StatementError)) throw error;
        return { ...none, durationMs: elapsedMs(), problem: error };
      }
    },
    async stream(asked, by) {
      const opened = await open(asked, by, sqlLimits.csvWidest);
      if (opened.statement === null) throw opened.problem;
      return { columns: opened.statement.columns, batches: follow(opened, opened.statement, asked.limit) };
    },
    async cancel(which) {
      const id = "id" in which ? which.id : await selectRunningByKey(sql, which.key);
      return id !== null && (await cancelStatement(url, await requireLogin(access), id));
    },
    saved: createSavedQueries(options),
  };
}

type Opened = {
  id: number;
  end(outcome: Omit<SqlRunEnd, "durationMs">): Promise<void>;
  elapsedMs(): number;
} & ({ statement: RunningStatement; problem: null } | { statement: null; problem: StatementError });

/** The rows as they come, and what became of them in the end, also where whoever takes them stops. */
async function* follow(opened: Opened, statement: RunningStatement, limit: number): AsyncGenerator<ResultRow[]> {
  let rows = 0;
  let outcome: Omit<SqlRunEnd, "durationMs"> = {
    state: "cancelled",
    rows: null,
    isCut: true,
    error: "Nobody took it to the end.",
  };
  try {
    for await (const batch of statement.batches) {
      rows += batch.length;
      if (rows > limit) {
        throw new StatementError(
          `There are more than ${limit} rows, the most that are given; put a LIMIT of your own.`,
        );
      }
      yield batch.map((row) => row.map((value) => cutTo(sqlLimits.csvWidest, value)));
    }
    outcome = { state: "success", rows, isCut: false, error: null };
  } catch (error) {
    outcome = endOf(error);
    throw error;
  } finally {
    await opened.end(outcome);
  }
}

/** Reads rows until there are enough of them, or too much in them. */
async function collect(statement: RunningStatement, limit: number, widest: number) {
  const rows: ResultRow[] = [];
  let characters = 0;
  let hasCutValues = false;
  let cut: StatementResult["cut"] = null;
  for await (const batch of statement.batches) {
    for (const row of batch) {
      characters += row.reduce((sum, value) => sum + (value?.length ?? 0), 0);
      cut = rows.length === limit ? "rows" : characters > sqlLimits.characters ? "size" : null;
      if (cut !== null) break;
      const given = row.map((value) => cutTo(widest, value));
      hasCutValues ||= given.some((value, index) => value !== row[index]);
      rows.push(given);
    }
    if (cut !== null) break;
  }
  return { rows, cut, hasCutValues };
}

/** As much of a value as is given, and a mark where there is more; the server counts characters, which may be of two units. */
function cutTo(widest: number, value: string | null): string | null {
  if (value === null || value.length <= widest) return value;
  const characters = [...value];
  return characters.length <= widest ? value : `${characters.slice(0, widest).join("")}…`;
}

function endOf(error: unknown): Omit<SqlRunEnd, "durationMs"> {
  const isCancelled = error instanceof StatementError && error.details.code === "cancelled";
  const message = error instanceof StatementError ? error.message : "The database did not answer.";
  return { state: isCancelled ? "cancelled" : "failed", rows: null, isCut: false, error: message };
}

/** The login, looked for once; as long as it is missing, again each time, as somebody may have made it. */
function createAccess({ url, sql, log }: SqlConsoleOptions): SqlConsole["access"] {
  let found: Promise<PublishedLogin | MissingLogin> | undefined;
  const look = async () => {
    const login = await ensureConsoleLogin(sql);
    if ("reason" in login) return login;
    try {
      await checkSignIn(url, login);
      return login;
    } catch (error) {
      if (!isWrongPassword(error)) throw error;
      log.warn({ error }, "the login of the SQL console is refused");
      return { reason: error.message, statements: [passwordStatement(login)] };
    }
  };
  return async () => {
    found ??= look();
    try {
      const access = await found;
      if ("reason" in access) found = undefined;
      return access;
    } catch (error) {
      found = undefined;
      throw error;
    }
  };
}

async function requireLogin(access: SqlConsole["access"]): Promise<PublishedLogin> {
  const login = await access();
  if ("password" in login) return login;
  throw new HttpError(
    503,
    "console_unavailable",
    "The console has no login in the database yet; /sql says what to do.",
    {
      title: "No login",
    },
  );
}

const busy = () =>
  new HttpError(429, "busy", `${sqlLimits.atOnce} statements run already. Wait until one has ended, or cancel it.`, {
    title: "Busy",
    retryAfterSeconds: 5,
  });

const tooLong = () =>
  new HttpError(422, "invalid", `A statement has at most ${sqlLimits.longestText} characters.`, { field: "sql" });
