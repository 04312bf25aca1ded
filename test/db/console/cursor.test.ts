import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openPool } from "../../../db/client.ts";
import { cancelStatement, openStatement, type StatementOptions } from "../../../db/console/cursor.ts";
import { ensureConsoleLogin, type PublishedLogin } from "../../../db/console/login.ts";
import { StatementError } from "../../../db/console/statement.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

let database: TestDatabase;
let login: PublishedLogin;
let serial = 0;

const mark = `[barline ${"0".repeat(32)}]`;

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  await sql`create table public.dim_tickers as select 'AAPL' as ticker, date '2025-01-02' as first, 1.50 as price`;
  await sql`comment on table public.dim_tickers is ${sql.unsafe(`'One a ticker. ${mark}'`)}`;
  await sql`create table public.private_notes as select 'secret' as note`;
  await sql`create schema half_built`;
  await sql`create table half_built.dim_tickers as select 'secret' as ticker`;
  await sql`create function public.owner_reads() returns text language sql stable security definer as 'select note from public.private_notes'`;
  await sql`insert into barline.credentials (name, hash, changed_at) values ('admin', 'secret', now())`;
  const ensured = await ensureConsoleLogin(sql);
  if (!("password" in ensured)) throw new Error(ensured.reason);
  login = ensured;
}, 60_000);
afterAll(() => database.drop());

const options = (text: string, more: Partial<StatementOptions> = {}): StatementOptions => ({
  ...{ id: ++serial, text, widest: 100, limit: 50, timeoutMs: 20_000 },
  ...more,
});

async function run(text: string, more: Partial<StatementOptions> = {}) {
  const running = await openStatement(database.url, login, options(text, more));
  try {
    const rows = [];
    for await (const batch of running.batches) rows.push(...batch);
    return { columns: running.columns, rows };
  } finally {
    await running.close();
  }
}

const problem = async (text: string, more: Partial<StatementOptions> = {}) => {
  const error = await run(text, more).catch((thrown: unknown) => thrown);
  if (!(error instanceof StatementError)) throw new Error(`${text} gave ${JSON.stringify(error)}`);
  return { message: error.message, ...error.details };
};

describe("a statement", () => {
  test("gives columns with their types, and values as PostgreSQL writes them", async () => {
    expect(await run("select ticker, first, price, null as none, ticker from dim_tickers;")).toEqual({
      columns: [
        { name: "ticker", type: "text" },
        { name: "first", type: "date" },
        { name: "price", type: "numeric" },
        { name: "none", type: "text" },
        { name: "ticker", type: "text" },
      ],
      rows: [["AAPL", "2025-01-02", "1.50", null, "AAPL"]],
    });
  });

  test("keeps its order, ends at the limit, and has no value wider than is given", async () => {
    const { rows } = await run("select n, repeat('x', 100000) from generate_series(1, 1000) n order by n desc -- why", {
      limit: 3,
    });
    expect(rows.map(([n, text]) => [n, text?.length])).toEqual([
      ["1000", 101],
      ["999", 101],
      ["998", 101],
    ]);
  });

  test("is explained, with and without being run, whatever its constants are", async () => {
    const plan = await run("select * from dim_tickers", { explain: "plan" });
    expect(plan.rows[0]?.[0]).toContain("Seq Scan on dim_tickers");
    const analyzed = await run("select * from dim_tickers", { explain: "analyze" });
    expect(JSON.stringify(analyzed.rows)).toContain("actual");
    expect((await run("explain (costs off) table dim_tickers")).rows).toEqual([["Seq Scan on dim_tickers"]]);
    const wide = await run("explain verbose select repeat('x', 100000000)");
    expect(Math.max(...wide.rows.map(([line]) => line?.length ?? 0))).toBe(101);
  });

  test("that is wrong is told where, in what was typed", async () => {
    expect(await problem("select tickr from dim_tickers")).toMatchObject({
      message: 'Column "tickr" does not exist.',
      position: 8,
      code: "42703",
    });
    expect(await problem("select\n  frm, 1 from dim_tickers", { explain: "analyze" })).toMatchObject({ position: 10 });
    expect((await problem("select tickr from dim_tickers")).hint).toContain("dim_tickers.ticker");
    expect(await problem("select 1/0")).toMatchObject({ message: "Division by zero." });
    expect(await problem("select 1) as a, (select 2")).toMatchObject({ position: 9 });
    expect(await problem("explain select nothing")).toMatchObject({ position: 16 });
  });

  test("is stopped when its time is over, whatever it does to the limit", async () => {
    expect(await problem("select pg_sleep(60)", { timeoutMs: 200 })).toMatchObject({ code: "timeout" });
    expect(await problem("select pg_sleep(60)", { timeoutMs: 200, explain: "analyze" })).toMatchObject({
      code: "timeout",
    });
  });

  test("is cancelled in the database, by any process, or as nobody waits for it any more", async () => {
    const isRunning = async (id: number) =>
      (
        await database.sql`select 1 from pg_stat_activity where application_name = ${`barline console ${id}`} and query like '%pg_sleep%'`
      ).length > 0;
    for (const aborts of [false, true]) {
      const controller = new AbortController();
      const asked = options("select pg_sleep(60)", { signal: controller.signal });
      const outcome = run(asked.text, asked).catch((error: unknown) => error);
      await until("it runs", () => isRunning(asked.id));
      if (aborts) controller.abort();
      else expect(await cancelStatement(database.url, login, asked.id)).toBe(true);
      expect(await outcome).toMatchObject({ message: "It was cancelled." });
      await until("it has ended", async () => !(await isRunning(asked.id)));
      expect(await cancelStatement(database.url, login, asked.id)).toBe(false);
    }
  });
});

describe("what is not published", () => {
  const state = ["credentials", "sign_ins", "api_tokens", "runs", "actions", "sql_runs", "database_logins", "rejects"];
  test.each([
    ...state.map((table) => [`select * from barline.${table}`]),
    ["select * from private_notes"],
    ["select * from half_built.dim_tickers"],
    ["select * from drizzle.__drizzle_migrations"],
    ["select * from pg_authid"],
    ["select * from pg_shadow"],
    ["select * from pg_statistic"],
    ["select * from pg_largeobject"],
    ["select * from pg_hba_file_rules"],
    ["select * from pg_file_settings"],
    ["select * from dim_tickers, private_notes"],
    ["explain analyze select * from barline.credentials"],
  ])("cannot be read: %s", async (text) => {
    expect(await problem(text)).toMatchObject({ code: "42501" });
  });

  test("is not among what others do", async () => {
    const pool = openPool(database.url, "work", { max: 1 });
    await pool`select 'a secret of the owner'`;
    const { rows } = await run("select query, state from pg_stat_activity where usename <> current_user");
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain("a secret of the owner");
    await pool.end();
  });

  test("has no names of columns, samples or settings to be seen", async () => {
    expect((await run("select * from pg_stats where schemaname = 'barline'")).rows).toEqual([]);
    expect(
      (await run("select * from information_schema.columns where table_schema in ('barline', 'half_built')")).rows,
    ).toEqual([]);
    expect((await run("select name from pg_settings where name in ('data_directory', 'hba_file')")).rows).toEqual([]);
    expect(await problem("select current_setting('data_directory')")).toMatchObject({ code: "42501" });
  });
});

describe("what does more than read", () => {
  test.each(
    [
      "pg_advisory_lock(4207001)",
      "pg_advisory_xact_lock(1)",
      "pg_try_advisory_lock(1)",
      "pg_advisory_unlock_all()",
      "set_config('statement_timeout', '0', false)",
      "set_config('role', 'barline_owner', false)",
      "set_config('session_authorization', 'barline', false)",
      "set_config('transaction_read_only', 'off', false)",
      "query_to_xml('select hash from barline.credentials', true, true, '')",
      "ts_stat('select pg_advisory_lock(1)')",
      "cursor_to_xml('a', 1, true, true, '')",
      "pg_notify('a', 'b')",
      "pg_terminate_backend(1)",
      "pg_cancel_backend(1)",
      "pg_export_snapshot()",
      "pg_logical_emit_message(false, 'a', 'b')",
      "pg_read_file('postgresql.conf')",
      "pg_read_binary_file('postgresql.conf')",
      "pg_ls_dir('.')",
      "pg_stat_file('.')",
      "pg_current_logfile()",
      "pg_reload_conf()",
      "pg_switch_wal()",
      "pg_stat_reset()",
      "nextval('barline.runs_id_seq')",
      "lo_import('/etc/passwd')",
      "lo_get(1)",
      "lo_from_bytea(0, '')",
      "owner_reads()",
      "PG_ADVISORY_LOCK(1)",
    ].map((call) => [call]),
  )("is not called: %s", async (call) => {
    expect((await problem(`select ${call}`)).message).toContain("may do more than read");
    expect((await problem(`with a as (select ${call}) select * from a`)).position).toBe(19);
  });

  test("is not called by its whole name either", async () => {
    const text = 'select pg_catalog . "pg_advisory_lock" /* a */ (1)';
    expect((await problem(text)).message).toContain("may do more than read");
  });

  test.each([
    ["select * from dim_tickers for update", "25006"],
    ["with gone as (delete from dim_tickers returning *) select * from gone", "0A000"],
    ["select dblink('', 'select 1')", "42883"],
  ])("is refused by the server: %s", async (text, code) => {
    expect(await problem(text)).toMatchObject({ code });
  });

  test("makes no table", async () => {
    expect((await problem("select * into temp taken from dim_tickers")).message).toContain("gives no columns");
  });

  test("leaves no lock, setting, table or prepared statement behind", async () => {
    await run("select count(*) from dim_tickers");
    await until(
      "its connection is gone",
      async () => (await database.sql`select 1 from pg_stat_activity where usename = ${login.role}`).length === 0,
    );
    expect(
      await database.sql`select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    ).toHaveLength(0);
  });

  test("is kept from the role itself, not only by the look at what was typed", async () => {
    const url = new URL(database.url);
    url.username = login.role;
    url.password = login.password;
    const sql = openPool(url.href, "work", { max: 1 });
    const refused = async (query: Promise<unknown>) =>
      ((await query.catch((error: unknown) => error)) as { code?: string }).code;
    const denied = "42501";
    expect(
      await refused(
        sql`select set_config('role', 'none', false), query_to_xml('select hash from barline.credentials', true, true, '')`,
      ),
    ).toBe(denied);
    expect(await refused(sql`set role barline_owner`)).toBe(denied);
    expect(await refused(sql`set role barline_reader`)).toBe(denied);
    expect(await refused(sql`set session authorization barline_owner`)).toBe(denied);
    expect(await refused(sql`insert into dim_tickers select * from dim_tickers`)).toBe(denied);
    expect(await refused(sql`create table public.mine ()`)).toBe(denied);
    expect(await refused(sql`copy dim_tickers to program 'true'`)).toBe(denied);
    expect(await refused(sql`copy dim_tickers to '/tmp/x'`)).toBe(denied);
    expect(
      await refused(sql`select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user`),
    ).toBe(denied);
    expect(await refused(sql`select nextval('barline.runs_id_seq')`)).toBe(denied);
    await sql.end();
  });
});
