import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { ask } from "../api-support.ts";
import { fakeJobs, fakePipeline } from "../fake-pipeline.ts";
import { addPipelineSample } from "../sample.ts";
import { createTestApp, type TestApp } from "../support.ts";

let database: TestDatabase;
let app: TestApp;
let runs: Awaited<ReturnType<typeof addPipelineSample>>;
beforeAll(async () => {
  database = await createTestDatabase();
  runs = await addPipelineSample(database.sql);
  const jobs = fakeJobs("2020-01-02", "2020-01-09");
  app = createTestApp({ read: database.sql, pipeline: fakePipeline(jobs).pipeline });
  app.clock.now = new Date("2020-01-10T03:00:00Z");
}, 60_000);
afterAll(() => database.drop());

describe("GET /api/calendar", () => {
  test("answers every weekday of the year with the state and run of each job", async () => {
    const { status, body } = await ask(app, "GET", "/api/calendar?year=2020");
    expect(status).toBe(200);
    expect(body.length).toBe(262);
    expect(body[0]).toEqual({ kind: "holiday", date: "2020-01-01", name: "New Year's Day" });
    expect(body[1]).toEqual({
      kind: "session",
      date: "2020-01-02",
      want: "due",
      settlesAt: "2020-01-03T02:00:00.000Z",
      earlyClose: false,
      ingest: { state: "success", runId: runs.published },
      load: { state: "success", runId: runs.load },
      transform: { state: "success", runId: runs.transform },
    });
    const byDate = (date: string) => body.find((day: { date: string }) => day.date === date);
    expect(byDate("2020-01-06")).toMatchObject({ load: { state: "waiting", runId: null }, transform: null });
    expect(byDate("2020-01-07")).toMatchObject({ ingest: { state: "failed", runId: runs.failed }, load: null });
    expect(byDate("2020-01-08")).toMatchObject({ want: "due", ingest: null });
    expect(byDate("2020-01-10")).toMatchObject({ want: "upcoming", ingest: null });
    expect(byDate("2020-11-27")).toMatchObject({ earlyClose: true });
  });

  test("takes the current year where none is named, and names the field of a bad one", async () => {
    expect((await ask(app, "GET", "/api/calendar")).body[0].date).toBe("2020-01-01");
    const { status, body } = await ask(app, "GET", "/api/calendar?year=1700");
    expect([status, body.error.field]).toEqual([422, "year"]);
  });
});

describe("GET /api/jobs/{job}/schedule", () => {
  test("tells what is due without a run, and who leads", async () => {
    await database.sql`
      insert into barline.processes (owner, host, pid, version, workers, leader) values ('7', 'one', 1, '1', 1, true)`;
    const { status, body } = await ask(app, "GET", `/api/jobs/${jobIds.ingest}/schedule`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ catchup: "all", paused: false, missing: 2, passedOver: 0, leader: { host: "one" } });
  });

  test("is not found for a job that events wake, and for none", async () => {
    for (const id of [jobIds.load, "none"]) {
      const { status, body } = await ask(app, "GET", `/api/jobs/${id}/schedule`);
      expect([status, body.error.field]).toEqual([404, "job"]);
    }
  });
});
