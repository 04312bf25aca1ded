import { afterAll, beforeEach, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { removeSqlRuns } from "../../../db/queries/operations/remove-sql.ts";
import { lockService, unlockService } from "../../../db/queries/operations/services.ts";
import { createHousekeeping, type HousekeepingOptions } from "../../../jobs/housekeeping/housekeeping.ts";
import type { HousekeepingRecord } from "../../../jobs/housekeeping/types.ts";
import { openLake } from "../../../jobs/lake/open.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createTestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

const database = await createTestDatabase();
const { sql } = database;
const now = new Date("2026-11-23T09:30:00Z");
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
const lake = openLake({ kind: "folder", root: join(tmpdir(), `barline-housekeeping-${process.pid}`), bucket: "test" });
await lake.ensureReady();
const somebody = { name: "Ada", via: "dashboard" } as const;

const make = (more: Partial<HousekeepingOptions> = {}) =>
  createHousekeeping({ sql, lake, log: pino({ level: "silent" }), now: () => now, ...more });

beforeEach(async () => {
  await sql`
    truncate barline.runs, barline.tasks, barline.tries, barline.task_logs, barline.rejects, barline.dataset_events,
      barline.event_claims, barline.pending_events, barline.run_partitions, barline.model_results, barline.test_results,
      barline.alerts, barline.alert_deliveries, barline.housekeeping_runs, barline.retention, barline.sign_ins,
      barline.rate_limit_calls, barline.actions restart identity cascade`;
  await sql`insert into barline.jobs (id) select unnest(${Object.values(jobIds)}::text[]) on conflict do nothing`;
});
afterAll(() => database.drop());

/** A run with one task of which everything is `days` old: a try, lines, a reject. */
async function addRun(state: string, days: number, jobId: string = jobIds.ingest, lines = 1): Promise<number> {
  const at = daysAgo(days);
  const [run] = await sql<{ id: number }[]>`
    insert into barline.runs (job_id, state, trigger, started_at, finished_at)
    values (${jobId}, ${state}, 'dataset', ${at}, ${state === "running" || state === "queued" ? null : at}) returning id`;
  const id = run?.id ?? 0;
  const [task] = await sql<{ id: number }[]>`
    insert into barline.tasks (run_id, job_id, name, step, state, tries)
    values (${id}, ${jobId}, 'fetch', 0, ${state}, 1) returning id`;
  const taskId = task?.id ?? 0;
  await sql`
    insert into barline.tries (task_id, number, state, owner, started_at, finished_at)
    values (${taskId}, 1, ${state === "running" ? "running" : "success"}, '1', ${at}, ${state === "running" ? null : at})`;
  await sql`
    insert into barline.task_logs (task_id, try, at, level, message)
    select ${taskId}::bigint, 1, ${at}::timestamptz, 'info', 'line' from generate_series(1, ${lines}::int)`;
  await sql`
    insert into barline.rejects (run_id, batch, reason, lake_key, row, created_at)
    values (${id}, 0, 'bad', 'raw/x', '{}', ${at})`;
  return id;
}

type Span = { from: string; to: string };

/** An event of `producer`, claimed by `claimer`, or waiting where there is none. */
async function addEvent(producer: number, claimer: number | null, span?: Span): Promise<number> {
  const [event] = await sql<{ id: number }[]>`
    insert into barline.dataset_events (dataset, run_id, task_id, payload, created_at)
    values ('s3://test/manifests', ${producer}, (select min(id) from barline.tasks where run_id = ${producer}),
      ${sql.json(span ?? {})}, ${daysAgo(400)}) returning id`;
  const id = event?.id ?? 0;
  if (claimer === null) await sql`insert into barline.pending_events values (${jobIds.load}, ${id})`;
  else
    await sql`insert into barline.event_claims (job_id, event_id, run_id) values (${jobIds.load}, ${id}, ${claimer})`;
  return id;
}

const idsIn = async (table: string, column = "run_id"): Promise<number[]> =>
  (await sql<{ id: number }[]>`select distinct ${sql(column)} as id from barline.${sql(table)} order by 1`).map(
    (row) => row.id,
  );

async function records(): Promise<
  { trigger: string; removed: HousekeepingRecord; error: string | null; open: boolean }[]
> {
  return [
    ...(await sql<{ trigger: string; removed: HousekeepingRecord; error: string | null; open: boolean }[]>`
      select trigger, removed, error, finished_at is null as open from barline.housekeeping_runs order by id`),
  ];
}

test("old lines, tries and rejects go; young ones stay, and so does all of a run at work", async () => {
  const old = await addRun("success", 400);
  const failed = await addRun("failed", 400);
  const running = await addRun("running", 400);
  const queued = await addRun("queued", 400);
  const between = await addRun("success", 100);
  const young = await addRun("success", 10);
  await make({ window: 2 }).runIfDue();
  const runsOfTasks = async (table: string) =>
    (
      await sql<{ id: number }[]>`
      select distinct run_id as id from barline.${sql(table)} join barline.tasks on tasks.id = task_id order by 1`
    ).map((row) => row.id);
  expect(await runsOfTasks("task_logs")).toEqual([running, queued, young]);
  expect(await runsOfTasks("tries")).toEqual([running, queued, between, young]);
  expect(await idsIn("rejects")).toEqual([running, queued, between, young]);
  expect(await idsIn("runs", "id")).toEqual([old, failed, running, queued, between, young]);
  expect((await records())[0]).toMatchObject({
    trigger: "schedule",
    error: null,
    open: false,
    removed: { counts: { logs: 3, tries: 2, rejects: 2 }, lake: [] },
  });
});

test("what is kept for ever stays, and a preview counts what would go without removing it", async () => {
  await addRun("success", 400, jobIds.ingest, 12);
  const housekeeping = make();
  await housekeeping.changeRetention({ triesDays: null, rejectsDays: null }, somebody);
  const { counts } = await housekeeping.preview();
  expect(counts).toMatchObject({ logs: 12, tries: 0, rejects: 0 });
  expect(await idsIn("task_logs", "task_id")).toHaveLength(1);
  const days = { ...(await housekeeping.readRetention()), logsDays: null, rejectsDays: 1 };
  expect((await housekeeping.preview({ days })).counts).toMatchObject({ logs: 0, rejects: 1 });
  await housekeeping.runIfDue();
  expect(await idsIn("tries", "task_id")).toHaveLength(1);
  expect(await idsIn("task_logs", "task_id")).toHaveLength(0);
});

test("results stay from the job's newest success on, whatever their age", async () => {
  const runs = [];
  for (const state of ["failed", "success", "success", "failed"]) runs.push(await addRun(state, 500, jobIds.transform));
  for (const id of runs) {
    await sql`
      insert into barline.model_results (run_id, name, materialization, action, duration_ms, finished_at)
      values (${id}, 'fct', 'table', 'replaced', 1, ${daysAgo(500)})`;
    await sql`
      insert into barline.test_results (run_id, name, subject, status, severity, failures, duration_ms, finished_at)
      values (${id}, 'unique', 'fct', 'pass', 'error', 0, 1, ${daysAgo(500)})`;
  }
  const housekeeping = make();
  expect((await housekeeping.preview()).counts.results).toBe(4);
  await housekeeping.runIfDue();
  expect(await idsIn("model_results")).toEqual(runs.slice(2));
  expect(await idsIn("test_results")).toEqual(runs.slice(2));
});

test("events go with their claims once who claimed them ended well; those that wait or failed stay", async () => {
  const producer = await addRun("success", 400);
  const loaded = await addRun("success", 400, jobIds.load);
  const failed = await addRun("failed", 400, jobIds.load);
  const gone = await addEvent(producer, loaded);
  const kept = [await addEvent(producer, failed), await addEvent(producer, null)];
  const housekeeping = make();
  expect((await housekeeping.preview()).counts.events).toBe(1);
  await housekeeping.runIfDue();
  expect(await idsIn("dataset_events", "id")).toEqual(kept);
  expect(await idsIn("event_claims")).toEqual([failed]);
  expect(gone).toBeLessThan(kept[0] ?? 0);
});

test("of the events that one run claimed go all or none", async () => {
  const owner = await addRun("success", 400);
  const other = await addRun("success", 400);
  await sql`insert into barline.run_partitions values (${jobIds.ingest}, '2025-01-02', ${owner})`;
  const loaded = await addRun("success", 400, jobIds.load);
  const events = [await addEvent(owner, loaded), await addEvent(other, loaded)];
  await make().runIfDue();
  expect(await idsIn("dataset_events", "id")).toEqual(events);
});

test("an event stays while an earlier one of its dates could still be loaded after it", async () => {
  const day = { from: "2025-01-02", to: "2025-01-02" };
  const [first, second, later] = [
    await addRun("success", 400),
    await addRun("success", 400),
    await addRun("success", 400),
  ];
  const failed = await addRun("failed", 400, jobIds.load);
  const [loaded, elsewhere] = [await addRun("success", 400, jobIds.load), await addRun("success", 400, jobIds.load)];
  const early = await addEvent(first, failed, { from: "2025-01-01", to: "2025-01-03" });
  const correction = await addEvent(second, loaded, day);
  await addEvent(later, elsewhere, { from: "2025-02-03", to: "2025-02-03" });
  await make().runIfDue();
  expect(await idsIn("dataset_events", "id")).toEqual([early, correction]);
  // Loaded after all, it goes, and with it what held the correction.
  await sql`update barline.runs set state = 'success' where id = ${failed}`;
  await sql`update barline.housekeeping_runs set started_at = ${daysAgo(2)}`;
  await make().runIfDue();
  expect(await idsIn("dataset_events", "id")).toEqual([]);
});

test("alerts go once they are resolved and everybody was told; open ones stay, however old", async () => {
  await sql`
    insert into barline.alerts (key, kind, title, message, path, opened_at, resolved_at)
    values ('a', 'run_failed', 't', 'm', '/', ${daysAgo(500)}, ${daysAgo(499)}),
      ('b', 'run_failed', 't', 'm', '/', ${daysAgo(500)}, null),
      ('c', 'run_failed', 't', 'm', '/', ${daysAgo(500)}, ${daysAgo(499)})`;
  await sql`
    insert into barline.alert_deliveries (alert_id, event, channel, state, created_at)
    values (1, 'opened', 'email', 'delivered', ${daysAgo(500)}), (3, 'recovered', 'email', 'waiting', ${daysAgo(499)}),
      (null, 'test', 'email', 'failed', ${daysAgo(500)})`;
  await make().runIfDue();
  expect(await idsIn("alerts", "id")).toEqual([2, 3]);
  expect(await idsIn("alert_deliveries", "id")).toEqual([2]);
});

test("what ran out by itself goes: sign-ins, failed attempts, calls that no limit counts, deleted scenarios and lists, year-old records of cleaning up", async () => {
  await sql`
    insert into barline.sign_ins (token_hash, name, expires_at)
    values ('old', 'x', ${daysAgo(1)}), ('new', 'x', ${daysAgo(-1)})`;
  await sql`
    insert into barline.sign_in_attempts (key, points, expire)
    values ('old', 10, ${now.getTime() - 1}), ('new', 1, ${now.getTime() + 1})`;
  await sql`insert into barline.rate_limit_calls (name, at) values ('market', ${daysAgo(2)}), ('market', ${now})`;
  await sql`insert into barline.housekeeping_runs (trigger, started_at, finished_at) values ('schedule', ${daysAgo(400)}, ${daysAgo(400)})`;
  for (const [name, deletedAt] of [
    ["gone", daysAgo(31)],
    ["late", daysAgo(29)],
    ["kept", null],
  ] as const) {
    await sql`
      insert into barline.scenarios (name, request, metrics, equity_dates, equity, data_version, ran_at, created_at, created_by, updated_at, deleted_at)
      values (${name}, '{}', '{}', '{}', '{}', '', ${daysAgo(500)}, ${daysAgo(500)}, 'x', ${daysAgo(500)}, ${deletedAt})`;
  }
  await sql`
    insert into barline.watchlists (name, place, created_at, created_by, deleted_at)
    values ('gone', 1, now(), 'x', ${daysAgo(31)}), ('late', 2, now(), 'x', ${daysAgo(29)}), ('kept', 3, now(), 'x', null)`;
  await sql`
    insert into barline.watched_tickers (watchlist_id, ticker, place, added_at, removed_at)
    select id, 'OLD', 1, now(), ${daysAgo(31)}::timestamptz from barline.watchlists where name = 'kept'
    union all
    select id, 'NEW', 1, now(), null from barline.watchlists`;
  await sql`
    insert into barline.saved_screens (name, query, created_at, created_by, updated_at, deleted_at)
    values ('gone', '', now(), 'x', now(), ${daysAgo(31)}), ('kept', '', now(), 'x', now(), null)`;
  await sql`
    insert into barline.data_alerts (name, screen_id, created_at, created_by, updated_at, deleted_at)
    select alerts.name, screens.id, now(), 'x', now(), alerts.at::timestamptz
    from barline.saved_screens as screens, (values ('gone', ${daysAgo(31)}::timestamptz), ('kept', null)) as alerts (name, at)
    where screens.name = 'gone'`;
  await make().runIfDue();
  expect(await sql`select name from barline.watchlists order by id`).toMatchObject([
    { name: "late" },
    { name: "kept" },
  ]);
  expect(await sql`select distinct ticker from barline.watched_tickers`).toMatchObject([{ ticker: "NEW" }]);
  expect(await sql`select name from barline.saved_screens`).toMatchObject([{ name: "kept" }]);
  expect(await sql`select name, screen_id from barline.data_alerts`).toMatchObject([{ name: "kept", screen_id: null }]);
  expect(await sql`select token_hash from barline.sign_ins`).toMatchObject([{ token_hash: "new" }]);
  expect(await sql`select key from barline.sign_in_attempts`).toMatchObject([{ key: "new" }]);
  expect(await idsIn("rate_limit_calls", "id")).toHaveLength(1);
  expect(await sql`select name from barline.scenarios order by id`).toMatchObject([{ name: "late" }, { name: "kept" }]);
  expect((await records()).map((record) => record.removed.counts.expired)).toEqual([9]);
});

test("what was run on the SQL console goes after 90 days, and its deleted queries as scenarios do", async () => {
  await sql`
    insert into barline.sql_runs (text, purpose, state, started_at, actor, via)
    values ('old', 'rows', 'success', ${daysAgo(91)}, 'x', 'api'), ('new', 'rows', 'success', ${daysAgo(89)}, 'x', 'api')`;
  await sql`
    insert into barline.sql_queries (name, text, created_at, created_by, updated_at, deleted_at)
    values ('gone', 'x', ${now}, 'x', ${now}, ${daysAgo(31)}), ('kept', 'x', ${now}, 'x', ${now}, null)`;
  await make().runIfDue();
  expect(await sql`select text from barline.sql_runs`).toMatchObject([{ text: "new" }]);
  expect(await sql`select name from barline.sql_queries`).toMatchObject([{ name: "kept" }]);
  expect(await removeSqlRuns(sql, daysAgo(500), 0)).toBe(1);
});

test("one process cleans up at a time, and none again within the day", async () => {
  const holder = await sql.reserve();
  await lockService(holder, "housekeeping");
  await make().runIfDue();
  expect(await records()).toEqual([]);
  const refused = make().begin({}, somebody);
  expect(refused).rejects.toThrow("under way already");
  await refused.catch(() => {});
  await unlockService(holder, "housekeeping");
  holder.release();
  await Promise.all([make().runIfDue(), make().runIfDue()]);
  await make().runIfDue();
  expect(await records()).toHaveLength(1);
  await sql`update barline.housekeeping_runs set started_at = ${daysAgo(1.5)}`;
  await make().runIfDue();
  expect(await records()).toHaveLength(2);
});

test("what a killed process left is closed by the next, which goes on where it ended", async () => {
  await addRun("success", 400, jobIds.ingest, 9);
  await sql`insert into barline.housekeeping_runs (trigger, started_at) values ('schedule', ${daysAgo(0.1)})`;
  await make({ window: 4 }).runIfDue();
  expect(await records()).toMatchObject([
    { error: "Its process ended in the middle; the next run went on.", open: false },
    { error: null, removed: { counts: { logs: 9 } } },
  ]);
});

test("a kind that fails is told and kept, and does not hold up the others", async () => {
  await addRun("success", 400);
  await sql`create or replace function barline.refuse() returns trigger language plpgsql as $$ begin raise 'the disk is on fire'; end $$`;
  await sql`create trigger refuse before delete on barline.task_logs for each row execute function barline.refuse()`;
  const lines: string[] = [];
  await make({ log: pino({}, { write: (line: string) => lines.push(line) }) }).runIfDue();
  await sql`drop trigger refuse on barline.task_logs`;
  expect(await records()).toMatchObject([
    { error: "logs: the disk is on fire", removed: { counts: { logs: 0, tries: 1 } } },
  ]);
  expect(lines.join("")).toContain("housekeeping failed");
  // A failed one does not count as the day's.
  await make().runIfDue();
  expect((await records()).map((record) => record.removed.counts.logs)).toEqual([0, 1]);
});

test("who asks for it and who changes what is kept are remembered", async () => {
  await addRun("success", 400);
  const housekeeping = make();
  await housekeeping.changeRetention({ logsDays: 30, lakeDays: 700 }, somebody);
  await housekeeping.changeRetention({ logsDays: 30 }, somebody);
  const id = await housekeeping.begin({}, somebody);
  await until("it has ended", async () => (await records())[0]?.open === false);
  expect([...(await sql`select actor, via, kind, details from barline.actions order by id`)]).toMatchObject([
    { actor: "Ada", via: "dashboard", kind: "retention.change", details: { logsDays: 30, lakeDays: 700 } },
    { kind: "housekeeping.run", details: { housekeepingRun: id, withNewest: false } },
  ]);
  expect(await housekeeping.readRetention()).toMatchObject({ logsDays: 30, triesDays: 365, changedBy: "Ada" });
  expect((await records())[0]).toMatchObject({ trigger: "manual", removed: { counts: { logs: 1 } } });
});

test.each([0, -1, 1.5, 40_000])("%p days are refused, with the field's name", async (days) => {
  const refused = make().changeRetention({ triesDays: days }, somebody);
  expect(refused).rejects.toMatchObject({ code: "invalid", field: "triesDays" });
  await refused.catch(() => {});
});
