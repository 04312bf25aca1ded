import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createTestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";
import { openTransform } from "../transform/support.ts";
import { goodFiles, openWorkspaceBench, publishMarket, season, type WorkspaceBench } from "./support.ts";

setDefaultTimeout(120_000);

const database = await createTestDatabase();
const { sql } = database;
let bench: WorkspaceBench;
beforeAll(async () => {
  await publishMarket(database, season(5));
  await sql`create table public.naps (seconds float8)`;
});
beforeEach(async () => {
  bench = openWorkspaceBench(database);
  await nap(600);
});
afterEach(() => bench.close());
afterAll(() => database.drop());

/** How long the slow model takes from now on. */
const nap = (seconds: number) => sql`with gone as (delete from naps) insert into naps values (${seconds}::float8)`;
const slowModel = `{{ config(materialized='table') }}
select securities.security_id, naps.seconds
from {{ ref('dim_securities') }} as securities cross join (select pg_sleep(seconds)::text as slept, seconds from public.naps) as naps
cross join {{ ref('fct_polygon__stock_bars_performance') }}`;

/** Waits until the slow model sleeps. */
const asleep = () =>
  until("the slow model is at work", async () => {
    const rows = await sql`
      select from pg_stat_activity where datname = current_database() and state = 'active'
        and query like 'create table%pg_sleep(seconds)%'`;
    return rows.length > 0;
  });
const standing = async () =>
  (
    await sql<{ name: string }[]>`
      select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relname in ('slow', 'closes', 'dear') order by 1`
  ).map(({ name }) => name);

describe("a slow model", () => {
  test("is ended when its time is over, and the others go on", async () => {
    const quick = openWorkspaceBench(database, { limitMs: 1500 });
    quick.write({ ...goodFiles, "models/slow.sql": slowModel });
    expect(await quick.states()).toEqual(["closes: published", "slow: timed_out"]);
    const slow = (await quick.view()).groups.find(({ name }) => name === "slow");
    expect(slow?.fault).toEqual({
      message: "slow took longer than the 1.5 s that it may",
      file: "models/slow.sql",
      line: null,
    });
    expect(await standing()).toEqual(["closes", "dear"]);
    await quick.close();
  });

  test("is ended by a publication that has to replace what it reads, and is built after it", async () => {
    bench.write({ "models/slow.sql": slowModel });
    const run = bench.states();
    await asleep();
    await nap(0);
    const { published } = await openTransform(sql).build({ fullRefresh: true });
    expect(published).toBe(true);
    expect(await run).toEqual(["slow: published"]);
    expect(bench.log.map(({ message }) => message)).toContain(
      "a publication of the market goes first; the group is built again",
    );
  });

  test("holds up no build and no publication that leaves alone what it reads", async () => {
    bench.write({ "models/slow.sql": slowModel });
    const stop = new AbortController();
    const run = bench.states({ signal: stop.signal });
    await asleep();
    await publishMarket(database, season(6), "2018-03-05");
    stop.abort();
    await expect(run).rejects.toThrow("cancelled");
  });

  test("that is stopped or killed leaves nothing half published", async () => {
    await sql`drop table if exists public.slow`;
    await sql`delete from barline.workspace_relations where name = 'slow'`;
    bench.write({
      "models/slow.sql": slowModel,
      "models/slow_first.sql": "{{ config(materialized='table') }} select 1 as x -- {{ ref('slow') }}",
    });
    const run = bench.run();
    await asleep();
    const ended = await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like 'create table%pg_sleep(seconds)%' and state = 'active'`;
    expect(ended.length).toBeGreaterThan(0);
    expect(await standing()).not.toContain("slow");
    await nap(0);
    await run;
    expect(await standing()).toContain("slow");
  });
});

describe("a published view of the workspace", () => {
  test("is there, as it was, after a publication that replaced what it reads", async () => {
    bench.write({
      "models/closes.sql":
        "select ticker, trade_date, close_price from {{ ref('fct_polygon__stock_bars_performance') }}",
    });
    await sql`drop table if exists public.closes cascade`;
    await sql`delete from barline.workspace_relations`;
    bench.write({ "models/closes.yml": "models:\n  - name: closes\n    description: What things cost.\n" });
    expect(await bench.states()).toEqual(["closes: published"]);
    const facts = () =>
      sql`select obj_description('public.closes'::regclass, 'pg_class') as comment, (select count(*)::int from public.closes) as rows,
        'public.fct_polygon__stock_bars_performance'::regclass::oid as of`;
    const [before] = await facts();
    expect((await openTransform(sql).build({ fullRefresh: true })).published).toBe(true);
    const [after] = await facts();
    expect([after?.comment, after?.rows]).toEqual([before?.comment, before?.rows]);
    expect(after?.comment).toStartWith("What things cost. [barline ");
  });
});
