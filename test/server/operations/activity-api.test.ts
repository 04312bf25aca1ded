import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { insertAction } from "../../../db/queries/operations/actions.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { addRun, ask } from "../api-support.ts";
import { type AccessHarness, openAccess, password, sessionOf } from "../http/access.ts";
import { createTestApp, type TestApp } from "../support.ts";

let access: AccessHarness;
beforeAll(async () => {
  access = await openAccess();
}, 60_000);
afterAll(() => access.drop());

describe("GET /api/actions", () => {
  let runId = 0;
  let app: TestApp;
  beforeAll(async () => {
    app = createTestApp({ read: access.sql });
    runId = await addRun(access.sql, { jobId: jobIds.ingest, state: "failed", partition: "2026-02-27" });
    const ada = { actor: "Ada", via: "dashboard" };
    await insertAction(access.sql, { ...ada, kind: "run.mark", runId, reason: "fine", details: { to: "success" } });
    await insertAction(access.sql, { actor: "API token", via: "api", kind: "job.pause", jobId: jobIds.load });
  });

  test("answers who did what, the newest first", async () => {
    const { status, body } = await ask(app, "GET", "/api/actions");
    expect(status).toBe(200);
    expect(body).toHaveLength(2);
    expect(body[1]).toMatchObject({
      actor: "Ada",
      via: "dashboard",
      kind: "run.mark",
      job: jobIds.ingest,
      runId,
      reason: "fine",
      details: { to: "success" },
    });
  });

  test("takes filters and pages", async () => {
    const kinds = async (query: string) =>
      (await ask(app, "GET", `/api/actions?${query}`)).body.map(({ kind }: { kind: string }) => kind);
    expect(await kinds(`run=${runId}`)).toEqual(["run.mark"]);
    expect(await kinds("kind=job")).toEqual(["job.pause"]);
    expect(await kinds("kind=job.resume")).toEqual([]);
    expect(await kinds("person=Ada")).toEqual(["run.mark"]);
    expect(await kinds(`job=${jobIds.load}`)).toEqual(["job.pause"]);
    expect(await kinds("backfill=1")).toEqual([]);
    const [first] = (await ask(app, "GET", "/api/actions?limit=1")).body;
    expect(await kinds(`before=${first.id}`)).toEqual(["run.mark"]);
  });

  test.each([
    ["kind=Run", "kind"],
    ["run=x", "run"],
    ["limit=0", "limit"],
    ["person=", "person"],
    ["who=Ada", "who"],
  ])("names the field that is wrong in ?%s", async (query, field) => {
    const { status, body } = await ask(app, "GET", `/api/actions?${query}`);
    expect(status).toBe(422);
    expect(body.error.field).toBe(field);
  });
});

describe("sign-ins", () => {
  test("are listed, and ended everywhere by who has the token", async () => {
    const app = access.guarded();
    const session = await sessionOf(app, { name: "Ada" });
    const bearer = { Authorization: `Bearer ${password}` };
    const people = await (await app.get("/api/sign-ins", bearer)).json();
    expect(people).toEqual([
      { name: "Ada", address: null, since: "2026-03-02T15:00:00.000Z", until: "2026-03-09T15:00:00.000Z" },
    ]);
    const ended = await app.send("POST", "/api/sign-ins/end", undefined, bearer);
    expect(await ended.json()).toEqual({ ended: 1 });
    expect((await app.get("/", { Cookie: session })).status).toBe(303);
    expect((await access.actions()).at(-1)).toEqual({
      kind: "access.sign_out",
      actor: "API token",
      via: "api",
      details: { ended: 1 },
    });
    expect((await app.get("/api/sign-ins", bearer)).status).toBe(200);
  });

  test("are none where no password is set", async () => {
    const app = createTestApp();
    expect((await ask(app, "GET", "/api/sign-ins")).body).toEqual([]);
    expect((await ask(app, "POST", "/api/sign-ins/end")).body).toEqual({ ended: 0 });
  });
});
