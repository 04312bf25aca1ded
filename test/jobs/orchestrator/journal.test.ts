import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { openPool, type Sql } from "../../../db/client.ts";
import { createJournal } from "../../../jobs/orchestrator/journal.ts";
import { storableJson } from "../../../jobs/orchestrator/storable.ts";
import { createGate, createHarness, type Harness, runReaches, taskOf, toyJob } from "./harness.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

const owner = "12345";

/** A running task to write about. */
async function makeTask(sql: Sql): Promise<number> {
  const [row] = await sql<{ id: number }[]>`
    with run as (insert into barline.runs (job_id, trigger) values ('toy', 'manual') returning id)
    insert into barline.tasks (run_id, job_id, name, step, state, lease_owner)
    select id, 'toy', 'only', 0, 'running', ${owner} from run returning id`;
  return row?.id ?? 0;
}

type Line = { level: string; message: string; fields: Record<string, unknown> | null };

const linesOf = (taskId: number) =>
  harness.sql<Line[]>`
    select level, message, fields from barline.task_logs where task_id = ${taskId} order by id`;

/** A journal on a pool that a test can make fail, as if the database were away. */
function breakableJournal() {
  const state = { away: false, statements: 0 };
  const sql = new Proxy(harness.sql, {
    apply(target, self, parts) {
      state.statements++;
      if (state.away) throw Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" });
      return Reflect.apply(target, self, parts);
    },
  });
  return { state, journal: createJournal({ sql, owner, now: () => new Date() }) };
}

describe("the journal", () => {
  test("has a task's lines durable before its failure is recorded", async () => {
    const job = toyJob({
      runsWithoutEvents: true,
      run: async ({ log }) => {
        log.info("about to fail", { n: 1 });
        throw new Error("failed");
      },
    });
    // The trigger sees what anybody could see at the moment of the failure: the lines are there in that transaction.
    await harness.sql`create table public.lines_at_failure (lines int)`;
    await harness.sql`
      create function note() returns trigger language plpgsql as $$
      begin
        insert into public.lines_at_failure select count(*) from barline.task_logs where task_id = new.id;
        return new;
      end $$`;
    await harness.sql`
      create trigger note after update on barline.tasks for each row when (new.state = 'failed') execute function note()`;
    const orchestrator = await harness.start([job]);
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "failed");
    const seen = await harness.sql`select lines from public.lines_at_failure`;
    await harness.sql`drop function note() cascade`;
    await harness.sql`drop table public.lines_at_failure`;
    expect([...seen]).toEqual([{ lines: 2 }]);
    const lines = await linesOf((await taskOf(harness.sql, runId)).id);
    expect(lines.map((line) => `${line.level} ${line.message}`)).toEqual(["info about to fail", "error failed"]);
  });

  test("writes the last progress only, and that of a task that has ended too", async () => {
    const job = toyJob({
      runsWithoutEvents: true,
      run: async ({ progress }) => {
        for (let done = 0; done <= 1000; done++) progress(done, 1000, "toys");
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "success");
    expect((await taskOf(harness.sql, runId)).progressDone).toBe(1000);

    const { state, journal } = breakableJournal();
    const id = await makeTask(harness.sql);
    for (let done = 0; done < 1000; done++) journal.progress(id, done, 1000, "toys");
    await journal.flush();
    expect(state.statements).toBe(1);
  });

  test("keeps lines while the database is away, and writes each once and in order", async () => {
    const { state, journal } = breakableJournal();
    const id = await makeTask(harness.sql);
    journal.log({ id, try: 1 }, "info", "before", null);
    state.away = true;
    await journal.flush();
    for (let n = 0; n < 2500; n++) journal.log({ id, try: 1 }, "info", `line ${n}`, { n });
    await Promise.all([journal.flush(), journal.flush()]);
    expect((await linesOf(id)).length).toBe(0);
    state.away = false;
    await Promise.all([journal.flush(), journal.flush()]);
    const messages = (await linesOf(id)).map((line) => line.message);
    expect(messages).toEqual(["before", ...Array.from({ length: 2500 }, (_, n) => `line ${n}`)]);
  });

  test("drops the oldest of too many lines, and says how many", async () => {
    const { state, journal } = breakableJournal();
    const id = await makeTask(harness.sql);
    state.away = true;
    for (let n = 0; n < 12_345; n++) {
      journal.log({ id, try: 1 }, "info", `line ${n}`, null);
      if (n % 4000 === 0) await journal.flush();
    }
    state.away = false;
    await journal.flush();
    const lines = await linesOf(id);
    expect(lines.length).toBe(10_000);
    expect(lines[0]).toEqual({ level: "info", message: "line 2345", fields: { linesDroppedBefore: 2345 } });
    expect(lines[1]?.fields).toBeNull();
  });

  test("loses no line that is logged while others are being written", async () => {
    const pool = openPool(harness.database.url, "state", { max: 1 });
    const journal = createJournal({ sql: pool, owner, now: () => new Date() });
    const id = await makeTask(harness.sql);
    for (let n = 0; n < 10_000; n++) journal.log({ id, try: 1 }, "info", `${n}`, null);
    const gate = createGate();
    const flushing = journal.flush().then(gate.open);
    await Promise.resolve();
    for (let n = 10_000; n < 10_500; n++) journal.log({ id, try: 1 }, "info", `${n}`, null);
    await Promise.all([flushing, gate.opened]);
    await journal.flush();
    await pool.end();
    const messages = (await linesOf(id)).map((line) => Number(line.message));
    expect(messages).toEqual(Array.from({ length: 10_500 }, (_, n) => n));
  });

  test("is not stopped by a line that no database takes", async () => {
    const { journal } = breakableJournal();
    const id = await makeTask(harness.sql);
    const loop: Record<string, never> = {};
    Object.assign(loop, { self: loop });
    journal.log({ id, try: 1 }, "warn", "garbage \u0000 \udc00", { "ke\u0000y": ["\u0000", 1n as never] });
    journal.log({ id, try: 1 }, "info", "a loop", loop);
    await journal.flush();
    expect([...(await linesOf(id))]).toEqual([
      { level: "warn", message: "garbage \uFFFD \uFFFD", fields: { "ke\uFFFDy": ["\uFFFD", "1"] } },
      { level: "info", message: "a loop", fields: { value: "[object Object]" } },
    ]);
  });
});

test("storable JSON is what it was where nothing is wrong with it", () => {
  const value = { a: [1, "ü😀", null, { b: true }], c: "plain" };
  expect(storableJson(value)).toEqual(value);
});
