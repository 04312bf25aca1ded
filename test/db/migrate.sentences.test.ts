import { afterEach, describe, expect, test } from "bun:test";
import type { JsonValue } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { selectBackfillPlan } from "../../db/queries/backfills/read-backfills.ts";
import { selectProblemWith } from "../../db/queries/pipeline/read-problems.ts";
import { selectRunsFailedWith } from "../../db/queries/pipeline/recovery.ts";
import { marketErrorCodes } from "../../jobs/market/failures.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { readSessions } from "../../server/backfills/read.ts";
import { tellKeptPlan } from "../../server/backfills/reasons.ts";
import type { TestDatabase } from "../support/database.ts";
import { createDatabaseBefore } from "../support/old-database.ts";

/** What older versions kept as sentences, and read back from them, becomes data. */

let database: TestDatabase;
afterEach(() => database.drop());

describe("a plan that was kept in sentences", () => {
  const addPlan = async (plan: JsonValue): Promise<number> => {
    const [row] = await database.sql<[{ id: number }]>`
      insert into barline.backfills (job_id, state, from_partition, to_partition, reprocess, plan)
      values (${jobIds.ingest}, 'success', '2025-01-01', '2025-12-31', 'missing', ${database.sql.json(plan)})
      returning id`;
    return row.id;
  };

  const kept: [sentence: string, reason: object][] = [
    ["never ran", { kind: "never_ran" }],
    ["asked for by ticker", { kind: "asked_by_ticker" }],
    ["weekend", { kind: "closed", holiday: null }],
    ["New Year's Day", { kind: "closed", holiday: "New Year's Day" }],
    ["Mourning for President Carter", { kind: "closed", holiday: "Mourning for President Carter" }],
    ["not settled until 2025-07-09T20:40:00.000Z", { kind: "unsettled", until: "2025-07-09T20:40:00.000Z" }],
    ["run 12 is queued", { kind: "under_way", runId: 12, state: "queued" }],
    ["run 12 is running", { kind: "under_way", runId: 12, state: "running" }],
    ["run 12 succeeded", { kind: "ended", runId: 12, state: "success" }],
    ["run 12 failed", { kind: "ended", runId: 12, state: "failed" }],
    ["run 12 was cancelled", { kind: "ended", runId: 12, state: "cancelled" }],
    ["run 12 already ran: succeeded", { kind: "already_ran", runId: 12, state: "success" }],
    ["run 12 already ran: failed", { kind: "already_ran", runId: 12, state: "failed" }],
    ["run 12 already ran: cancelled", { kind: "already_ran", runId: 12, state: "cancelled" }],
    ["run 12 is <b>lost</b>", { kind: "told", text: "run 12 is <b>lost</b>" }],
    ["run 12 was failed", { kind: "told", text: "run 12 was failed" }],
    ["", { kind: "told", text: "" }],
  ];
  const dates = kept.map((_, index) => `2025-03-${String(index + 1).padStart(2, "0")}`);
  const listOf = (reasons: JsonValue[]) => reasons.map((reason, index) => ({ date: dates[index] ?? "", reason }));
  const sentences = listOf(kept.map(([sentence]) => sentence));

  test("says the same in data, date by date, and is told in the same words", async () => {
    database = await createDatabaseBefore("backfill_reasons");
    const plan = { strategy: "grouped", calls: 3, dates: [], reasons: sentences, skipped: sentences.toReversed() };
    const id = await addPlan(plan);
    await migrateDatabase(database.url);
    const migrated = await selectBackfillPlan(database.sql, id);
    const data = listOf(kept.map(([, reason]) => reason as JsonValue));
    expect(migrated).toEqual({ ...plan, reasons: data, skipped: data.toReversed() });
    expect(tellKeptPlan(migrated)).toEqual(plan);
  });

  test("still leads to the run that it names, and leaves its weekends out", async () => {
    database = await createDatabaseBefore("backfill_reasons");
    const id = await addPlan({
      dates: [],
      skipped: [
        { date: "2025-01-03", reason: "run 9 already ran: succeeded" },
        { date: "2025-01-04", reason: "weekend" },
        { date: "2025-01-20", reason: "Martin Luther King Jr. Day" },
      ],
    });
    await migrateDatabase(database.url);
    const { sessions } = await readSessions({ read: database.sql }, id);
    expect(sessions.map(({ date, state, runId }) => [date, state, runId])).toEqual([
      ["2025-01-03", "skipped", 9],
      ["2025-01-20", "closed", null],
    ]);
  });

  test("is left as it is where it is of no known form, or made before reasons were kept", async () => {
    database = await createDatabaseBefore("backfill_reasons");
    const odd: JsonValue[] = [
      [],
      "x",
      5,
      {},
      { reasons: "x", skipped: [] },
      { skipped: [{ date: 5 }, "never ran", { date: "2025-01-02", reason: 7 }] },
    ];
    const ids: number[] = [];
    for (const plan of odd) ids.push(await addPlan(plan));
    await migrateDatabase(database.url);
    expect(await Promise.all(ids.map((id) => selectBackfillPlan(database.sql, id)))).toEqual(odd);
  });
});

describe("an error that was known again by how it begins", () => {
  test("has a code wherever it is kept, so that a start with a good key tries it again", async () => {
    database = await createDatabaseBefore("error_codes");
    const { sql } = database;
    const errors: JsonValue[] = [
      {
        name: "PermanentError",
        message: "The market API refused the key (/v2/aggs): Unknown API Key",
        advice: "Check it.",
      },
      { name: "RetryableError", message: "The market API asks for fewer calls (/v2/aggs)" },
      { name: "PermanentError", message: "The market API refused the call (/v2/aggs)" },
      null,
    ];
    for (const [index, error] of errors.entries()) {
      const kept = error === null ? null : sql.json(error);
      const partition = `2025-01-0${index + 2}`;
      const [run] = await sql<[{ id: number }]>`
        insert into barline.runs (job_id, state, trigger, partition, partition_to, error)
        values (${jobIds.ingest}, 'failed', 'schedule', ${partition}, ${partition}, ${kept}) returning id`;
      await sql`insert into barline.run_partitions values (${jobIds.ingest}, ${partition}, ${run.id})`;
      const [task] = await sql<[{ id: number }]>`
        insert into barline.tasks (run_id, job_id, name, step, state, error)
        values (${run.id}, ${jobIds.ingest}, 'fetch', 0, 'failed', ${kept}) returning id`;
      await sql`
        insert into barline.tries (task_id, number, state, owner, error) values (${task.id}, 1, 'failed', 'x', ${kept})`;
    }
    await migrateDatabase(database.url);
    const codes = [{ code: "refused_key" }, { code: "rate_limited" }, {}, {}];
    const expected = errors.map((error, index) => error && { ...(error as object), ...codes[index] });
    const errorsOf = (rows: { error: unknown }[]) => rows.map(({ error }) => error);
    expect(errorsOf(await sql`select error from barline.runs order by id`)).toEqual(expected);
    expect(errorsOf(await sql`select error from barline.tasks order by id`)).toEqual(expected);
    expect(errorsOf(await sql`select error from barline.tries order by task_id`)).toEqual(expected);
    const [first] = await sql<[{ id: number }]>`select min(id) as id from barline.runs`;
    expect(await selectRunsFailedWith(sql, jobIds.ingest, marketErrorCodes.refusedKey)).toEqual([first.id]);
    const refusal = await selectProblemWith(sql, jobIds.ingest, marketErrorCodes.refusedKey);
    expect(refusal?.id).toBe(first.id);
  });
});
