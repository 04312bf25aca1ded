import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { addClaim, addEvent, addRun, addTask, ask } from "../api-support.ts";
import { createTestApp, fakePipeline, manifests, noWorkspace, rawBars, type TestApp } from "../support.ts";

const { ingest, load, transform } = jobIds;
let database: TestDatabase;
let app: TestApp;
let ingested: number;
let loaded: number;
let claimed: number;
let waiting: number;

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  const model = { description: "", tests: 0 };
  const models = async () => [
    { ...model, name: "raw.bars", kind: "source" as const, materialization: null, dependsOn: [] },
    { ...model, name: "fct", kind: "model" as const, materialization: "table", dependsOn: ["raw.bars"] },
  ];
  app = createTestApp({ read: sql, pipeline: fakePipeline({ models, workspace: async () => noWorkspace }) });
  await sql`insert into barline.jobs (id) values (${ingest}), (${load}), (${transform})`;
  await sql`insert into barline.subscriptions (job_id, dataset) values (${load}, ${manifests}), (${transform}, ${rawBars})`;
  ingested = await addRun(sql, { jobId: ingest, state: "success", partition: "2026-01-02" });
  const taskId = await addTask(sql, { runId: ingested, jobId: ingest, name: "manifest", state: "success" });
  claimed = await addEvent(sql, { dataset: manifests, runId: ingested, taskId });
  waiting = await addEvent(sql, { dataset: manifests, runId: ingested, taskId });
  loaded = await addRun(sql, { jobId: load, state: "success" });
  await addClaim(sql, { jobId: load, eventId: claimed, runId: loaded });
}, 60_000);
afterAll(() => database.drop());

const ids = async (query: string) =>
  (await ask(app, "GET", `/api/events${query}`)).body.map((event: { id: number }) => event.id);

describe("GET /api/events", () => {
  test("tells each event, the newest first, with who recorded it, who claimed it and who still waits", async () => {
    const { status, body } = await ask(app, "GET", "/api/events");
    expect(status).toBe(200);
    expect(body).toMatchObject([
      { id: waiting, claims: [], waitingFor: [load] },
      {
        id: claimed,
        dataset: manifests,
        payload: { keys: 2 },
        producer: { job: ingest, runId: ingested, task: "manifest" },
        claims: [{ job: load, runId: loaded, state: "success" }],
        waitingFor: [],
      },
    ]);
  });

  test("is filtered by dataset and by run, claimed or recorded, and paged", async () => {
    expect(await ids(`?dataset=${encodeURIComponent(manifests)}`)).toEqual([waiting, claimed]);
    expect(await ids("?dataset=s3://other")).toEqual([]);
    expect(await ids(`?run=${ingested}`)).toEqual([waiting, claimed]);
    expect(await ids(`?run=${loaded}`)).toEqual([claimed]);
    expect(await ids("?limit=1")).toEqual([waiting]);
    expect(await ids(`?limit=1&before=${waiting}`)).toEqual([claimed]);
  });

  const bad: [query: string, field: string, says: string][] = [
    ["?run=x", "run", "a whole number"],
    ["?before=0", "before", "a whole number"],
    ["?limit=1001", "limit", "from 1 to 1000"],
    ["?dataset=%01", "dataset", "the name of a dataset"],
    ["?datset=x", "datset", "known are dataset"],
  ];
  test.each(bad)("refuses %s by name", async (query, field, says) => {
    const { status, body } = await ask(app, "GET", `/api/events${query}`);
    expect({ status, field: body.error.field }).toEqual({ status: 422, field });
    expect(body.error.message).toContain(says);
  });
});

describe("GET /api/events/{id}", () => {
  test("answers one event, or a 404", async () => {
    expect((await ask(app, "GET", `/api/events/${claimed}`)).body).toMatchObject({ id: claimed });
    expect((await ask(app, "GET", "/api/events/999")).status).toBe(404);
  });
});

describe("GET /api/datasets", () => {
  test("tells how many events of each wait for whom", async () => {
    const { body } = await ask(app, "GET", "/api/datasets");
    expect(body).toMatchObject([
      {
        name: manifests,
        subscribers: [{ job: load, waiting: 1 }],
        events: 2,
        lastEvent: { id: waiting, runId: ingested },
      },
      { name: rawBars, subscribers: [{ job: transform, waiting: 0, waitingSince: null }], events: 0, lastEvent: null },
    ]);
  });
});

describe("GET /api/graph", () => {
  test("tells nodes and edges, each edge between two nodes that are there", async () => {
    const { status, body } = await ask(app, "GET", "/api/graph");
    expect(status).toBe(200);
    const nodes = new Set(body.nodes.map((node: { id: string }) => node.id));
    expect(nodes).toContain("model:fct");
    for (const { from, to } of body.edges) expect([nodes.has(from), nodes.has(to)]).toEqual([true, true]);
    expect(body.edges.find((edge: { to: string }) => edge.to === `job:${load}`)).toMatchObject({
      kind: "wakes",
      waiting: 1,
      event: { id: claimed, runId: loaded },
    });
    expect(body.projectProblem).toBeNull();
  });
});
