import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { insertLogs } from "../../../db/queries/pipeline/journal.ts";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { addRun, addTask, ask } from "../api-support.ts";
import { createTestApp, fakePipeline } from "../support.ts";

const { ingest } = jobIds;
let database: TestDatabase;
let run: number;
let other: number;
let first: number;
let second: number;

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  const ended = { jobId: ingest, state: "failed", finishedAt: "2026-03-02T11:00:00Z" };
  run = await addRun(sql, { ...ended, partition: "2026-01-02" });
  other = await addRun(sql, { jobId: ingest, state: "queued", partition: "2026-01-05" });
  first = await addTask(sql, { runId: run, jobId: ingest, name: "plan", state: "success" });
  second = await addTask(sql, { runId: run, jobId: ingest, name: "fetch", step: 1, mapIndex: 2, state: "failed" });
  await sql`update barline.tasks set input = '{"session": "2026-01-02"}', output = '[1, 2]', marked = true where id = ${second}`;
  await sql`insert into barline.tries (task_id, number, state, owner) values (${second}, 1, 'released', '12')`;
  for (const [taskId, level, message] of [
    [first, "debug", "planning"],
    [second, "info", "asking"],
    [second, "error", "refused"],
  ] as const) {
    const at = "2026-03-02T10:00:00.123Z";
    await insertLogs(sql, [{ taskId, try: 1, at, level, message, fields: { n: 1 } }]);
  }
}, 60_000);
afterAll(() => database.drop());

const appWith = (calls: Parameters<typeof fakePipeline>[0] = {}) =>
  createTestApp({ read: database.sql, pipeline: fakePipeline(calls) });

describe("GET /api/tasks/{id}", () => {
  test("answers the task with its tries, what went in and what came out", async () => {
    const { status, body } = await ask(appWith(), "GET", `/api/tasks/${second}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: second,
      runId: run,
      job: ingest,
      name: "fetch",
      batch: 2,
      state: "failed",
      marked: true,
      input: { session: "2026-01-02" },
      output: [1, 2],
      tries: [{ number: 1, state: "released", owner: "12" }],
    });
  });

  test("answers 404 where there is none", async () => {
    expect(await ask(appWith(), "GET", "/api/tasks/987654")).toMatchObject({
      status: 404,
      body: { error: { code: "not_found", message: "There is no task 987654." } },
    });
  });
});

describe("what people do to runs and tasks", () => {
  const mark = { state: "success", reason: "by hand" } as const;
  const deeds: [path: () => string, body: unknown, call: string, expected: () => unknown[]][] = [
    [() => `/api/runs/${run}/mark`, mark, "markRun", () => [run, mark]],
    [() => `/api/tasks/${second}/retry`, undefined, "retryTask", () => [second]],
    [() => `/api/tasks/${second}/clear`, undefined, "clearTask", () => [second]],
    [() => `/api/tasks/${second}/mark`, mark, "markTask", () => [second, mark]],
  ];
  test.each(deeds)("POST %# is asked of the orchestrator with who asked", async (path, body, call, expected) => {
    const asked: unknown[] = [];
    const app = appWith({ orchestrator: { [call]: async (...given: unknown[]) => void asked.push(...given) } });
    const answer = await ask(app, "POST", path(), body);
    expect(answer.status).toBe(200);
    expect(answer.body.id).toBe(call === "markRun" ? run : second);
    expect(asked).toEqual([...expected(), { name: "local user", via: "api" }]);
  });

  test("a refusal says why", async () => {
    const refuse = async () => {
      throw new RequestError("conflict", "The task is success already.");
    };
    const app = appWith({ orchestrator: { markTask: refuse, markRun: refuse } });
    for (const path of [`/api/tasks/${first}/mark`, `/api/runs/${run}/mark`]) {
      expect(await ask(app, "POST", path, mark)).toMatchObject({
        status: 409,
        body: { error: { code: "conflict", message: "The task is success already." } },
      });
    }
  });

  const bad: [unknown, string][] = [
    [{}, "state"],
    [{ state: "cancelled", reason: "x" }, "state"],
    [{ state: "success" }, "reason"],
    [{ state: "success", reason: 1 }, "reason"],
    [{ state: "success", reason: "x", by: "me" }, "by"],
  ];
  test.each(bad)("a mark of %o names the faulty field", async (body, field) => {
    for (const path of [`/api/tasks/${first}/mark`, `/api/runs/${run}/mark`]) {
      expect(await ask(appWith(), "POST", path, body)).toMatchObject({ status: 422, body: { error: { field } } });
    }
  });
});

describe("a log", () => {
  const messages = (body: { lines: { message: string }[] }) => body.lines.map((line) => line.message);

  test("of a run holds the lines of all its tasks, in order", async () => {
    const { status, body } = await ask(appWith(), "GET", `/api/runs/${run}/log`);
    expect(status).toBe(200);
    expect(messages(body)).toEqual(["planning", "asking", "refused"]);
    expect(body.lines[1]).toMatchObject({ taskId: second, task: "fetch", batch: 2, try: 1, fields: { n: 1 } });
    expect(body.lines[1].at).toBe("2026-03-02T10:00:00.123Z");
    expect(body.complete).toBe(true);
  });

  test("is read on from where the answer before ended", async () => {
    const start = await ask(appWith(), "GET", `/api/runs/${run}/log?limit=2`);
    expect([messages(start.body), start.body.complete]).toEqual([["planning", "asking"], false]);
    const rest = await ask(appWith(), "GET", `/api/runs/${run}/log?after=${start.body.last}`);
    expect([messages(rest.body), rest.body.complete]).toEqual([["refused"], true]);
    const end = await ask(appWith(), "GET", `/api/runs/${run}/log?after=${rest.body.last}`);
    expect(end.body).toEqual({ lines: [], last: rest.body.last, complete: true });
  });

  test("of a task holds its own lines, of one level and above where asked", async () => {
    const { body } = await ask(appWith(), "GET", `/api/tasks/${second}/log`);
    expect(messages(body)).toEqual(["asking", "refused"]);
    expect(messages((await ask(appWith(), "GET", `/api/tasks/${second}/log?level=warn`)).body)).toEqual(["refused"]);
    expect(messages((await ask(appWith(), "GET", `/api/tasks/${second}/log?try=2`)).body)).toEqual([]);
  });

  test("of a run that goes on is not complete", async () => {
    expect((await ask(appWith(), "GET", `/api/runs/${other}/log`)).body).toEqual({
      lines: [],
      last: 0,
      complete: false,
    });
  });

  test.each([
    ["/api/runs/987654/log", 404, "id"],
    ["/api/tasks/987654/log", 404, "id"],
    ["/api/runs/1/log?level=loud", 422, "level"],
    ["/api/runs/1/log?after=x", 422, "after"],
    ["/api/runs/1/log?limit=0", 422, "limit"],
    ["/api/runs/1/log?follow=yes", 422, "follow"],
  ] as const)("%s is refused", async (path, status, _field) => {
    expect((await ask(appWith(), "GET", path)).status).toBe(status);
  });

  test("comes as events where an EventSource asks, resumed by what that says", async () => {
    const app = appWith();
    const accept = { Accept: "text/event-stream" };
    const response = await app.get(`/api/runs/${run}/log`, accept);
    expect(response.headers.get("Content-Type")).toStartWith("text/event-stream");
    const text = await response.text();
    const [, data] = /^data: (\[.*\])$/m.exec(text) ?? [];
    expect(messages({ lines: JSON.parse(data ?? "[]") })).toEqual(["planning", "asking", "refused"]);
    expect(text).toContain("event: end");
    const second = JSON.parse(data ?? "[]")[1].id;
    const resumed = await app.get(`/api/runs/${run}/log?after=0`, { ...accept, "Last-Event-ID": String(second) });
    const rest = await resumed.text();
    expect(rest).toContain("refused");
    expect(rest).not.toContain("asking");
    expect((await app.get("/api/runs/987654/log", accept)).status).toBe(404);
    expect((await app.get(`/api/runs/${run}/log?level=loud`, accept)).status).toBe(422);
  });
});
