import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import { type BackfillRequest, jobIds } from "../../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { ask } from "../api-support.ts";
import { createTestApp, fakePipeline } from "../support.ts";
import { addBackfill } from "./sample.ts";

let database: TestDatabase;
let ended: number;
let running: number;
let paused: number;

beforeAll(async () => {
  database = await createTestDatabase();
  ended = await addBackfill(database.sql, {
    dates: ["2026-01-02", "2026-01-05"],
    states: ["success", "failed"],
    skipped: [
      { date: "2026-01-01", reason: { kind: "closed", holiday: "New Year's Day" } },
      { date: "2026-01-03", reason: { kind: "closed", holiday: null } },
      { date: "2026-01-06", reason: { kind: "under_way", runId: 9, state: "queued" } },
    ],
  });
  running = await addBackfill(database.sql, {
    dates: ["2026-02-02", "2026-02-03", "2026-02-04"],
    states: ["success", "success", "queued"],
    concurrency: 3,
    order: "newest",
    // Four minutes before the clock of the app.
    startedAt: "2026-03-02T14:56:00Z",
  });
  paused = await addBackfill(database.sql, { dates: ["2026-02-10"], states: ["queued"], paused: true });
}, 60_000);
afterAll(() => database.drop());

const appWith = (calls: Parameters<typeof fakePipeline>[0] = {}) =>
  createTestApp({ read: database.sql, pipeline: fakePipeline(calls) });

describe("GET /api/backfills", () => {
  const idsOf = async (query: string) =>
    (await ask(appWith(), "GET", `/api/backfills${query}`)).body.map((row: { id: number }) => row.id);

  test("lists the newest first, by state, pause and job, page by page", async () => {
    expect(await idsOf("")).toEqual([paused, running, ended]);
    expect(await idsOf("?limit=1")).toEqual([paused]);
    expect(await idsOf(`?before=${paused}&limit=1`)).toEqual([running]);
    expect(await idsOf("?state=running")).toEqual([paused, running]);
    expect(await idsOf("?state=running&paused=false")).toEqual([running]);
    expect(await idsOf("?state=failed")).toEqual([ended]);
    expect(await idsOf(`?job=${jobIds.load}`)).toEqual([]);
  });

  test("tells how each stands and who asked, without the days of its plan", async () => {
    const { body } = await ask(appWith(), "GET", `/api/backfills?before=${paused}&limit=1`);
    expect(body).toMatchObject([
      {
        id: running,
        state: "running",
        paused: false,
        concurrency: 3,
        order: "newest",
        createdBy: "Ada",
        runs: { queued: 1, running: 0, success: 2, failed: 0, cancelled: 0 },
        plan: { strategy: "grouped", calls: 3, sessions: 3 },
      },
    ]);
  });

  test.each([
    ["state=done", "state"],
    ["paused=maybe", "paused"],
    ["limit=0", "limit"],
    ["before=x", "before"],
    ["stat=failed", "stat"],
  ])("refuses %s by name", async (query, field) => {
    const { status, body } = await ask(appWith(), "GET", `/api/backfills?${query}`);
    expect({ status, field: body.error.field }).toEqual({ status: 422, field });
  });
});

describe("GET /api/backfills/{id}", () => {
  test("tells how fast it goes and how long the rest takes", async () => {
    const { body } = await ask(appWith(), "GET", `/api/backfills/${running}`);
    expect(body.progress).toEqual({
      unit: "session",
      done: 2,
      total: 3,
      perMinute: 0.5,
      callsPerMinute: null,
      secondsLeft: 120,
    });
  });

  test("tells neither of one that is paused or has ended", async () => {
    for (const id of [paused, ended]) {
      const { body } = await ask(appWith(), "GET", `/api/backfills/${id}`);
      expect(body.progress).toMatchObject({ perMinute: null, secondsLeft: null });
    }
  });

  test("tells neither while its job is paused, as nothing more begins", async () => {
    await database.sql`insert into barline.jobs (id, paused) values (${jobIds.ingest}, true)`;
    try {
      const { body } = await ask(appWith(), "GET", `/api/backfills/${running}`);
      expect(body.progress).toMatchObject({ done: 2, total: 3, perMinute: null, secondsLeft: null });
    } finally {
      await database.sql`delete from barline.jobs`;
    }
  });
});

describe("GET /api/backfills/{id}/sessions", () => {
  test("lists every date but weekends, with its run, or why it has none", async () => {
    const { body } = await ask(appWith(), "GET", `/api/backfills/${ended}/sessions`);
    expect(body).toEqual([
      { date: "2026-01-01", state: "closed", runId: null, reason: "New Year's Day" },
      { date: "2026-01-02", state: "success", runId: expect.any(Number), reason: "never ran" },
      { date: "2026-01-05", state: "failed", runId: expect.any(Number), reason: "never ran" },
      { date: "2026-01-06", state: "skipped", runId: 9, reason: "run 9 is queued" },
    ]);
    expect((await ask(appWith(), "GET", "/api/backfills/98765/sessions")).status).toBe(404);
  });
});

describe("PATCH /api/backfills/{id}", () => {
  test("changes what is given, and answers the backfill", async () => {
    const calls: unknown[] = [];
    const app = appWith({
      orchestrator: {
        updateBackfill: async (...given) => {
          calls.push(given);
        },
      },
    });
    const bodies = [{ paused: true }, { concurrency: null }, { concurrency: 2, order: "oldest", paused: false }];
    for (const body of bodies)
      expect(await ask(app, "PATCH", `/api/backfills/${running}`, body)).toMatchObject({
        status: 200,
        body: { id: running },
      });
    const by = { name: "local user", via: "api" };
    expect(calls).toEqual(bodies.map((body) => [running, body, by]));
  });

  const bad: [body: unknown, field: string][] = [
    [{}, "body"],
    [{ paused: "yes" }, "paused"],
    [{ concurrency: 0 }, "concurrency"],
    [{ concurrency: 1.5 }, "concurrency"],
    [{ order: "random" }, "order"],
    [{ pause: true }, "pause"],
  ];
  test.each(bad)("refuses %j by name", async (body, field) => {
    const answer = await ask(appWith(), "PATCH", `/api/backfills/${running}`, body);
    expect({ status: answer.status, field: answer.body.error.field }).toEqual({ status: 422, field });
  });

  test("says why it cannot be", async () => {
    const updateBackfill = () => Promise.reject(new RequestError("conflict", "Backfill 1 has already ended."));
    const app = appWith({ orchestrator: { updateBackfill } });
    const { status, body } = await ask(app, "PATCH", `/api/backfills/${ended}`, { paused: true });
    expect([status, body.error.message]).toEqual([409, "Backfill 1 has already ended."]);
  });
});

test("POST /api/backfills/{id}/retry queues what failed, and answers the backfill", async () => {
  const calls: number[] = [];
  const app = appWith({
    orchestrator: {
      retryBackfill: async (id) => {
        calls.push(id);
        return 1;
      },
    },
  });
  const answer = await ask(app, "POST", `/api/backfills/${ended}/retry`);
  expect(answer).toMatchObject({ status: 200, body: { id: ended } });
  expect(calls).toEqual([ended]);
});

test("POST /api/jobs/{job}/backfills passes limit and order on, in a dry run too", async () => {
  const requests: BackfillRequest[] = [];
  const plan = {
    ...{ strategy: "grouped" as const, calls: 1, alternative: null, minutes: 0, sessions: 1, dates: ["2026-01-02"] },
    reasons: [{ date: "2026-01-02", reason: { kind: "never_ran" as const } }],
    skipped: [],
  };
  const keep = async (request: BackfillRequest) => {
    requests.push(request);
    return { id: 3, runs: 1, plan };
  };
  const app = appWith({
    createBackfill: keep,
    previewBackfill: async (request) => {
      const { runs } = await keep(request);
      return { runs, plan };
    },
  });
  const body = { from: "2026-01-02", to: "2026-01-02", concurrency: 4, order: "newest" };
  const path = `/api/jobs/${jobIds.ingest}/backfills`;
  expect((await ask(app, "POST", path, body)).status).toBe(201);
  expect((await ask(app, "POST", path, { ...body, dryRun: true })).status).toBe(200);
  for (const request of requests) expect(request).toMatchObject({ concurrency: 4, order: "newest" });
  const { body: refused } = await ask(app, "POST", path, { ...body, concurrency: "4" });
  expect(refused.error.field).toBe("concurrency");
});
