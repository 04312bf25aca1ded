import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { type BackfillPlan, type BackfillRequest, jobIds } from "../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { addRun, ask } from "./api-support.ts";
import { createTestApp, fakePipeline } from "./support.ts";

const { ingest, load, transform } = jobIds;
let database: TestDatabase;
let run: number;

beforeAll(async () => {
  database = await createTestDatabase();
  run = await addRun(database.sql, { jobId: ingest, state: "queued", partition: "2026-01-02" });
});
afterAll(() => database.drop());

const appWith = (calls: Parameters<typeof fakePipeline>[0]) =>
  createTestApp({ read: database.sql, pipeline: fakePipeline(calls) });

const plan: BackfillPlan = {
  strategy: "grouped",
  calls: 3,
  alternative: { strategy: "per_ticker", calls: 504 },
  minutes: 1,
  sessions: 3,
  dates: ["2026-01-02", "2026-01-05", "2026-01-06"],
  reasons: [
    { date: "2026-01-02", reason: { kind: "never_ran" } },
    { date: "2026-01-05", reason: { kind: "ended", runId: 4, state: "failed" } },
    { date: "2026-01-06", reason: { kind: "ended", runId: 5, state: "cancelled" } },
  ],
  skipped: [{ date: "2026-01-01", reason: { kind: "closed", holiday: "New Year's Day" } }],
};
/** The same as the API tells it. */
const toldPlan = {
  ...plan,
  reasons: [
    { date: "2026-01-02", reason: "never ran" },
    { date: "2026-01-05", reason: "run 4 failed" },
    { date: "2026-01-06", reason: "run 5 was cancelled" },
  ],
  skipped: [{ date: "2026-01-01", reason: "New Year's Day" }],
};

describe("PATCH /api/jobs/{job}", () => {
  test("pauses the job and answers it", async () => {
    const calls: unknown[] = [];
    const app = appWith({
      orchestrator: {
        setPaused: async (jobId, paused) => {
          calls.push([jobId, paused]);
          await database.sql`
            insert into barline.jobs (id, paused) values (${jobId}, ${paused})
            on conflict (id) do update set paused = excluded.paused`;
        },
      },
    });
    const { status, body } = await ask(app, "PATCH", `/api/jobs/${load}`, { paused: true });
    expect(status).toBe(200);
    expect(body).toEqual({ id: load, paused: true, queued: 0, running: 0, failed: 0, lastSuccess: null });
    expect((await ask(app, "PATCH", `/api/jobs/${load}`, { paused: false })).body.paused).toBe(false);
    expect(calls).toEqual([
      [load, true],
      [load, false],
    ]);
  });

  const bad: [body: unknown, status: number, field: string | undefined][] = [
    [{}, 422, "paused"],
    [undefined, 422, "paused"],
    [{ paused: "true" }, 422, "paused"],
    [{ paused: null }, 422, "paused"],
    [{ paused: true, force: 1 }, 422, "force"],
    ['{"paused": true, "__proto__": {"x": 1}}', 422, "__proto__"],
    [[], 422, "body"],
    ["null", 422, "body"],
    ["5", 422, "body"],
    ["{", 400, undefined],
    ["paused=true", 400, undefined],
  ];
  test.each(bad)("refuses the body %j", async (sent, status, field) => {
    const { status: got, body } = await ask(appWith({}), "PATCH", `/api/jobs/${load}`, sent);
    expect({ status: got, field: body.error.field }).toEqual({ status, field });
    expect(body.error.code).toBe(status === 400 ? "malformed" : "invalid");
  });

  test("names the jobs where there is no such one", async () => {
    const { status, body } = await ask(appWith({}), "PATCH", "/api/jobs/nope", { paused: true });
    expect(status).toBe(404);
    expect(body.error.message).toBe(`There is no job "nope"; known are ${ingest}, ${load}, ${transform}.`);
  });
});

const by = { name: "local user", via: "api" };

describe("POST /api/jobs/{job}/runs", () => {
  test("queues a run of the session and answers it", async () => {
    const calls: unknown[] = [];
    const app = appWith({
      createRun: (...given) => {
        calls.push(given);
        return Promise.resolve(run);
      },
    });
    const { status, body } = await ask(app, "POST", `/api/jobs/${ingest}/runs`, { session: "2026-01-02" });
    expect(status).toBe(201);
    expect(body).toMatchObject({ id: run, job: ingest, state: "queued", session: "2026-01-02" });
    await ask(app, "POST", `/api/jobs/${transform}/runs`, { fullRefresh: true });
    await ask(app, "POST", `/api/jobs/${load}/runs`);
    expect(calls).toEqual([
      [ingest, { session: "2026-01-02" }, by],
      [transform, { fullRefresh: true }, by],
      [load, {}, by],
    ]);
  });

  test("passes on why it cannot be", async () => {
    const refuse = () => Promise.reject(new RequestError("invalid", "2026-01-03 is a Saturday.", "session"));
    const { status, body } = await ask(appWith({ createRun: refuse }), "POST", `/api/jobs/${ingest}/runs`, {
      session: "2026-01-03",
    });
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ code: "invalid", field: "session", message: "2026-01-03 is a Saturday." });
  });

  test.each(["yesterday", "2026-1-2", "2026-02-29", 20260102, "2026-01-02T00:00:00Z"])(
    "refuses the session %p",
    async (session) => {
      const { status, body } = await ask(appWith({}), "POST", `/api/jobs/${ingest}/runs`, { session });
      expect(status).toBe(422);
      expect(body.error.message).toBe("`session` has to be a date such as 2025-01-02.");
    },
  );
});

describe("POST /api/jobs/{job}/backfills", () => {
  const range = { from: "2026-01-01", to: "2026-01-06" };

  test("queues the runs with the defaults of the contract", async () => {
    const requests: BackfillRequest[] = [];
    const app = appWith({
      createBackfill: (request) => {
        requests.push(request);
        return Promise.resolve({ id: 7, runs: 3, plan });
      },
    });
    const { status, body } = await ask(app, "POST", `/api/jobs/${ingest}/backfills`, range);
    expect(status).toBe(201);
    expect(body).toEqual({ id: 7, runs: 3, plan: toldPlan });
    expect(requests).toEqual([{ jobId: ingest, ...range, reprocess: "missing", strategy: "auto", order: "oldest" }]);
  });

  test("only plans in a dry run", async () => {
    const requests: BackfillRequest[] = [];
    const app = appWith({
      previewBackfill: (request) => {
        requests.push(request);
        return Promise.resolve({ runs: 3, plan });
      },
    });
    const { status, body } = await ask(app, "POST", `/api/jobs/${ingest}/backfills`, {
      ...range,
      reprocess: "all",
      strategy: "grouped",
      tickers: ["AAPL", "BRK.B", "AAPL"],
      dryRun: true,
    });
    expect(status).toBe(200);
    expect(body).toEqual({ id: null, runs: 3, plan: toldPlan });
    expect(requests).toEqual([
      { jobId: ingest, ...range, reprocess: "all", strategy: "grouped", order: "oldest", tickers: ["AAPL", "BRK.B"] },
    ]);
  });

  test("answers what the pipeline has against it, with the field", async () => {
    const refuse = () => Promise.reject(new RequestError("invalid", "`to` is in the future.", "to"));
    const { status, body } = await ask(
      appWith({ createBackfill: refuse }),
      "POST",
      `/api/jobs/${ingest}/backfills`,
      range,
    );
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ field: "to", message: "`to` is in the future." });
  });

  const bad: [change: Record<string, unknown>, field: string, says: string][] = [
    [{ from: undefined }, "from", "required"],
    [{ to: "2026-02-30" }, "to", "a date such as"],
    [{ reprocess: "everything" }, "reprocess", "missing, failed, all"],
    [{ strategy: "fast" }, "strategy", "auto, grouped, per_ticker"],
    [{ tickers: [] }, "tickers", "at least one"],
    [{ tickers: "AAPL" }, "tickers", "a list of tickers"],
    [{ tickers: ["AAPL", "../etc/passwd"] }, "tickers.1", "a ticker such as"],
    [{ tickers: [null] }, "tickers.0", "a ticker such as"],
    [{ dryRun: "yes" }, "dryRun", "true or false"],
    [{ dryrun: true }, "dryrun", "known are from, to, reprocess, strategy, tickers, concurrency, order, dryRun"],
  ];
  test.each(bad)("refuses %j by name", async (change, field, says) => {
    const { status, body } = await ask(appWith({}), "POST", `/api/jobs/${ingest}/backfills`, { ...range, ...change });
    expect(status).toBe(422);
    expect(body.error.field).toBe(field);
    expect(body.error.message).toContain(says);
  });

  test("names every faulty field at once", async () => {
    const { body } = await ask(appWith({}), "POST", `/api/jobs/${ingest}/backfills`, { from: "x", to: 5 });
    expect(body.error.message).toContain("`from`");
    expect(body.error.message).toContain("`to`");
  });
});

describe("runs and backfills", () => {
  test("are retried and cancelled by id, and answered", async () => {
    const calls: [string, number][] = [];
    const note = (name: string) => (id: number) => {
      calls.push([name, id]);
      return Promise.resolve();
    };
    const app = appWith({
      orchestrator: {
        retryRun: note("retry"),
        cancelRun: note("cancel"),
        cancelBackfill: note("cancel backfill"),
      },
    });
    const { sql } = database;
    const [backfill] = await sql<[{ id: number }]>`
      insert into barline.backfills (job_id, state, from_partition, to_partition, reprocess, plan)
      values (${ingest}, 'cancelled', '2026-01-01', '2026-01-06', 'missing', ${sql.json(plan)}) returning id`;
    expect(await ask(app, "POST", `/api/runs/${run}/retry`)).toMatchObject({ status: 200, body: { id: run } });
    expect(await ask(app, "POST", `/api/runs/${run}/cancel`, {})).toMatchObject({ status: 200, body: { id: run } });
    expect(await ask(app, "POST", `/api/backfills/${backfill.id}/cancel`)).toMatchObject({
      status: 200,
      body: { id: backfill.id, state: "cancelled" },
    });
    expect(calls).toEqual([
      ["retry", run],
      ["cancel", run],
      ["cancel backfill", backfill.id],
    ]);
  });

  test("say why they cannot be", async () => {
    const refuse = (code: "conflict" | "not_found") => () => Promise.reject(new RequestError(code, "No."));
    const app = appWith({ orchestrator: { retryRun: refuse("conflict"), cancelRun: refuse("not_found") } });
    expect((await ask(app, "POST", `/api/runs/${run}/retry`)).status).toBe(409);
    expect((await ask(app, "POST", "/api/runs/4/cancel")).status).toBe(404);
    expect((await ask(app, "POST", `/api/runs/${run}/retry`, { now: true })).body.error.field).toBe("now");
  });
});
