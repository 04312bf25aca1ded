import postgres from "postgres";
import { connectionOptions, type Sql } from "../client.ts";
import { isQueryCancelled } from "../errors.ts";
import { selectUnsafeFunctions } from "./functions.ts";
import type { PublishedLogin } from "./login.ts";
import { positionOf, readStatement, type Statement, StatementError } from "./statement.ts";

export type ResultColumn = { name: string; type: string };

/** A value as PostgreSQL writes it, or as much of it as is given. */
export type ResultRow = (string | null)[];

export type StatementOptions = {
  /** Names the connection, by which any process can cancel it. */
  id: number;
  /** What was typed. */
  text: string;
  /** What is asked of it: its rows, its plan, or its plan and how it went. */
  explain?: "plan" | "analyze" | undefined;
  /** Characters given of one value. */
  widest: number;
  /** Rows after which the server stops. */
  limit: number;
  timeoutMs: number;
  /** Aborted where nobody waits for it any more. */
  signal?: AbortSignal | undefined;
};

/** A statement that is running: what its rows will be, and the rows as they come. */
export type RunningStatement = {
  columns: ResultColumn[];
  batches: AsyncGenerator<ResultRow[]>;
  close(): Promise<void>;
};

/** More than anybody looks at, and few enough that one row is no burden. */
const mostColumns = 200;
/** Characters that are on their way at a time, at the most. */
const batchCharacters = 8_000_000;
const mostBatchRows = 1000;
/** A number, date or boolean is no longer. */
const narrow = 64;
/** How much longer than the server's own clock ours waits before it ends the session. */
const graceMs = 1000;

/** Types whose values are always short, by their OIDs: boolean, integers, floats, dates, times, uuid. */
const narrowTypes = new Set([16, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 1266, 2950]);

const nameOf = (id: number) => `barline console ${id}`;

function connect(url: string, login: PublishedLogin, name: string, timeoutMs: number): Sql {
  return postgres({
    ...connectionOptions(url, name, {
      default_transaction_read_only: "on",
      statement_timeout: String(timeoutMs),
      lock_timeout: "5000",
      idle_in_transaction_session_timeout: String(timeoutMs),
      // A process that is gone leaves nothing running behind.
      client_connection_check_interval: "2000",
    }),
    user: login.role,
    pass: login.password,
    max: 1,
    fetch_types: false,
    types: {
      bigint: { to: 20, from: [20], parse: Number, serialize: String },
      date: { to: 1082, from: [1082], parse: (text: string) => text, serialize: (text: string) => text },
    },
  });
}

/** Tries whether the login lets in. Throws what the server or the way to it says. */
export async function checkSignIn(url: string, login: PublishedLogin): Promise<void> {
  const sql = connect(url, login, "barline console", graceMs * 5);
  try {
    await sql`select 1`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Ends what a statement does in the database, whichever process waits for it. False where it does nothing any more. */
export async function cancelStatement(url: string, login: PublishedLogin, id: number): Promise<boolean> {
  const sql = connect(url, login, "barline console", graceMs * 5);
  try {
    const { connection } = connectionOptions(url, nameOf(id));
    const rows = await sql`
      select pg_cancel_backend(pid)
      from pg_stat_activity
      where usename = current_user and application_name = ${connection.application_name}::text and pid <> pg_backend_pid()`;
    return rows.length > 0;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * Begins a statement on a connection of its own, in a transaction that reads. Throws {@link StatementError} where it is not one
 * that may be run, or the server refuses it; what goes wrong later, the batches throw.
 */
export async function openStatement(
  url: string,
  login: PublishedLogin,
  options: StatementOptions,
): Promise<RunningStatement> {
  const statement = asked(options);
  const { signal, timeoutMs } = options;
  const sql = connect(url, login, nameOf(options.id), timeoutMs);
  const startedMs = performance.now();
  // While the server looks at what was typed, and not at what is made of it, it counts in that.
  const failure: Failure = { startedMs, statement, options, isTyped: false };
  const told = (error: unknown) => toStatementError(error, failure);
  const close = async () => {
    clearTimeout(deadline);
    signal?.removeEventListener("abort", giveUp);
    await sql.end({ timeout: 0 });
  };
  // Also where the statement has changed the server's own limits.
  const giveUp = () => void cancelStatement(url, login, options.id).catch(() => {});
  const deadline = setTimeout(giveUp, timeoutMs + graceMs);
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    await sql`begin transaction read only`;
    await refuseUnsafe(sql, statement, options);
    failure.isTyped = true;
    const described = await describe(sql, statement);
    failure.isTyped = false;
    const { columns, types, rows } = await begin(sql, statement, described, options);
    const batchRows = batchRowsOf(types, options.widest);
    return { columns, batches: read(rows.cursor(batchRows), told), close };
  } catch (error) {
    await close();
    throw told(error);
  }
}

async function* read(
  cursor: AsyncIterable<ResultRow[]>,
  told: (error: unknown) => unknown,
): AsyncGenerator<ResultRow[]> {
  try {
    for await (const batch of cursor) yield batch;
  } catch (error) {
    throw told(error);
  }
}

/** What EXPLAIN puts before what was typed; positions are counted without it. */
const explainPrefix = { plan: "explain ", analyze: "explain (analyze, buffers) " } as const;
const prefixOf = ({ explain }: StatementOptions) => (explain ? explainPrefix[explain] : "");

function asked(options: StatementOptions): Statement {
  const statement = readStatement(options.text);
  if (!options.explain || statement.kind === "explain") return statement;
  const prefix = prefixOf(options);
  const calls = statement.calls.map((call) => ({ ...call, start: call.start + prefix.length }));
  return { kind: "explain", text: `${prefix}${statement.text}`, calls };
}

const offsetOf = (statement: Statement, options: StatementOptions) =>
  options.text.startsWith(statement.text) ? 0 : prefixOf(options).length;

async function refuseUnsafe(sql: Sql, statement: Statement, options: StatementOptions): Promise<void> {
  const [refused] = await selectUnsafeFunctions(
    sql,
    statement.calls.map(({ name }) => name),
  );
  const call = statement.calls.find(({ name }) => name === refused);
  if (!call) return;
  throw new StatementError(`${call.name}() may do more than read, so it is not called here.`, {
    position: positionOf(statement.text, call.start) - offsetOf(statement, options),
  });
}

type Begun = { columns: ResultColumn[]; types: number[]; rows: ReturnType<Sql["unsafe"]> };

type Described = { name: string; type: number }[];

/**
 * Has the server look at the statement as it was typed: by the protocol that takes one statement and no more, whatever the scanner
 * here made of it.
 */
async function describe(sql: Sql, statement: Statement): Promise<Described> {
  const { columns } = await sql.unsafe(statement.text, [], { prepare: true }).describe();
  if (columns.length === 0) throw new StatementError("The statement gives no columns, so there is nothing to show.");
  if (columns.length > mostColumns) {
    throw new StatementError(`The result has ${columns.length} columns; ${mostColumns} are the most that are given.`);
  }
  return columns.map(({ name, type }) => ({ name, type }));
}

/** Asks for its values as texts that are no longer than is given. */
async function begin(sql: Sql, statement: Statement, columns: Described, options: StatementOptions): Promise<Begun> {
  const { widest, limit } = options;
  const types = columns.map(({ type }) => type);
  if (statement.kind === "explain") {
    // Printed by the server, constants and all, a line may be as long as a gigabyte: a function cuts it there.
    await sql`rollback`;
    await createExplain(sql);
    await sql`begin transaction read only`;
    const rows = sql`select left(line, ${widest + 1}::int) from pg_temp.barline_explain(${statement.text}::text) as line limit ${limit}::int`;
    return { columns: [{ name: "QUERY PLAN", type: "text" }], types: [25], rows: rows.values() as never };
  }
  const names = columns.map((_, index) => `c${index + 1}`);
  const values = sql.unsafe(names.map((name) => `left(result.${name}::text, ${widest + 1})`).join(", "));
  const aliases = sql.unsafe(names.join(", "));
  const rows = sql`select ${values} from (${sql.unsafe(`${statement.text}\n`)}) as result (${aliases}) limit ${limit}::int`;
  return { columns: await describeColumns(sql, columns), types, rows: rows.values() as never };
}

async function createExplain(sql: Sql): Promise<void> {
  await sql`begin transaction read write`;
  await sql`
    create function pg_temp.barline_explain(statement text) returns setof text language plpgsql as $$
    declare
      line text;
    begin
      for line in execute statement loop
        return next line;
      end loop;
    end $$`;
  await sql`commit`;
}

async function describeColumns(sql: Sql, columns: Described): Promise<ResultColumn[]> {
  const oids = columns.map(({ type }) => type).join(",");
  const rows = await sql<{ oid: number; name: string }[]>`
    select oid::int as oid, format_type(oid, null) as name from pg_type where oid = any (string_to_array(${oids}::text, ',')::oid[])`;
  const names = new Map(rows.map(({ oid, name }) => [oid, name]));
  return columns.map(({ name, type }) => ({ name, type: names.get(type) ?? "unknown" }));
}

function batchRowsOf(types: readonly number[], widest: number): number {
  const characters = types.reduce((sum, type) => sum + (narrowTypes.has(type) ? narrow : widest), 0);
  return Math.max(1, Math.min(mostBatchRows, Math.floor(batchCharacters / characters)));
}

type Failure = { startedMs: number; statement: Statement; options: StatementOptions; isTyped: boolean };

/** What the server says of a statement, with its place in what was typed; what is no fault of the statement stays as it is. */
function toStatementError(error: unknown, { startedMs, statement, options, isTyped }: Failure): unknown {
  if (isQueryCancelled(error)) {
    const isLate = performance.now() - startedMs >= options.timeoutMs;
    const seconds = Math.round(options.timeoutMs / 1000);
    return isLate
      ? new StatementError(`It took longer than ${seconds} s and was stopped.`, { code: "timeout" })
      : new StatementError("It was cancelled.", { code: "cancelled" });
  }
  if (!(error instanceof postgres.PostgresError) || !isStatementFault(error.code)) return error;
  const position = Number(error.position ?? 0) - offsetOf(statement, options);
  const hint = [error.detail, error.hint].filter(Boolean).join(" ");
  return new StatementError(sentence(error.message), {
    ...(isTyped && position > 0 && { position }),
    ...(hint && { hint }),
    code: error.code,
  });
}

const sentence = (message: string) =>
  `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? "" : "."}`;

/** Classes of SQLSTATE that are about what was asked, and not about the server's own troubles. */
const isStatementFault = (code: string) => /^(0A|0L|2|3|4[2-4]|54|55|P0|25|40|53400|XX000)/.test(code);
