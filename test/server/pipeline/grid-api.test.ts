import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { addHistory } from "../../support/history.ts";
import { ask } from "../api-support.ts";
import { createTestApp, fakePipeline, type TestApp } from "../support.ts";

describe("GET /api/jobs/{job}/grid", () => {
  let database: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await createTestDatabase();
    await addHistory(database.sql, 100);
    app = createTestApp({ read: database.sql, pipeline: fakePipeline() });
  }, 60_000);
  afterAll(() => database.drop());

  const grid = (query: string, job: string = jobIds.ingest) => ask(app, "GET", `/api/jobs/${job}/grid${query}`);

  test("answers the newest runs, oldest first, with the counts and durations of each task", async () => {
    const { body } = await grid("?limit=2");
    expect(body.tasks.map((task: { step: number }) => task.step)).toEqual([0, 1, 2]);
    expect(body.runs.map((run: { id: number }) => run.id)).toEqual([99, 100]);
    expect(body.runs[1]).toMatchObject({ state: "failed", session: "2020-01-08", durationMs: 3000, events: 0 });
    expect(body.runs[1].tasks).toEqual([
      { step: 0, state: "success", done: 1, total: 1, durationMs: 3000 },
      { step: 1, state: "failed", done: 3, total: 4, durationMs: 3000 },
    ]);
  });

  test("filters as the page does, and answers fifty where no limit is given", async () => {
    const ids = async (query: string, job?: string) =>
      (await grid(query, job)).body.runs.map((run: { id: number }) => run.id);
    expect(await ids("")).toHaveLength(50);
    expect(await ids("?state=failed")).toEqual([50, 100]);
    expect(await ids("?trigger=backfill&from=2020-01-01")).toEqual([98]);
    const loads = await grid("?from=2020-01-07&to=2020-01-07", jobIds.load);
    expect(loads.body.runs).toMatchObject([{ session: "2020-01-07", sessionTo: "2020-01-07", events: 1 }]);
  });

  test.each([
    ["?limit=2501", "limit"],
    ["?state=lost", "state"],
    ["?trigger=cron", "trigger"],
    ["?from=2020-13-01", "from"],
    ["?from=2020-01-02&to=2020-01-01", "to"],
    ["?runs=5", "runs"],
  ])("%s is refused by the field's name", async (query, field) => {
    const { status, body } = await grid(query);
    expect(status).toBe(422);
    expect(body.error.field).toBe(field);
  });

  test("an unknown job is not found", async () => {
    expect((await grid("", "none")).status).toBe(404);
  });
});
