import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { type AlertBench, addRun, noon, openAlerts, type Receiver, startReceiver } from "../../jobs/alerts/support.ts";
import { ask } from "../api-support.ts";
import { createTestApp, type TestApp } from "../support.ts";

setDefaultTimeout(60_000);

let bench: AlertBench;
let receiver: Receiver;
let app: TestApp;
beforeEach(async () => {
  bench = await openAlerts();
  receiver = startReceiver();
  app = createTestApp({ read: bench.sql, alerts: bench.make({ webhookUrl: receiver.url }) });
}, 60_000);
afterEach(async () => {
  await receiver.stop();
  await bench.close();
});

describe("GET /api/alerts", () => {
  test("lists alerts with what was told, by state and page", async () => {
    const id = await addRun(bench.sql, { job: jobIds.ingest, date: "2020-01-07" });
    await addRun(bench.sql, { job: jobIds.load });
    await bench.look();
    await bench.sql`update barline.runs set state = 'success' where job_id = ${jobIds.load}`;
    await bench.look();
    const all = await ask(app, "GET", "/api/alerts");
    expect(all.body.map(({ key, state }: { key: string; state: string }) => [key, state])).toEqual([
      [`run_failed:${jobIds.load}`, "resolved"],
      [`run_failed:${jobIds.ingest}`, "open"],
    ]);
    const open = await ask(app, "GET", "/api/alerts?state=open");
    expect(open.body).toMatchObject([
      {
        kind: "run_failed",
        message: `Run ${id} of 2020-01-07 failed: Refused.`,
        path: `/runs/${id}`,
        openedAt: noon.toISOString(),
        resolvedAt: null,
        deliveries: [{ event: "opened", channel: "webhook", state: "waiting", attempts: 0 }],
      },
    ]);
    expect((await ask(app, "GET", "/api/alerts?state=resolved&limit=1")).body).toHaveLength(1);
    expect((await ask(app, "GET", `/api/alerts?before=${all.body[0].id}`)).body).toEqual(open.body);
  });

  test("names a faulty parameter", async () => {
    const { status, body } = await ask(app, "GET", "/api/alerts?state=closed");
    expect([status, body.error.field]).toEqual([422, "state"]);
  });
});

describe("POST /api/alerts/test", () => {
  test("answers how it went", async () => {
    expect(await ask(app, "POST", "/api/alerts/test", { channel: "webhook" })).toMatchObject({
      status: 200,
      body: { event: "test", channel: "webhook", state: "delivered", error: null, nextAttemptAt: null },
    });
    receiver.answer = () => new Response("", { status: 500 });
    const failed = await ask(app, "POST", "/api/alerts/test", { channel: "webhook" });
    expect(failed.body).toMatchObject({ state: "failed", error: expect.stringContaining("answered 500.") });
    const retried = await ask(app, "POST", `/api/alerts/deliveries/${failed.body.id}/retry`);
    expect(retried).toMatchObject({ status: 200, body: { state: "waiting", attempts: 0 } });
    const actions = await bench.sql<{ kind: string; via: string }[]>`select kind, via from barline.actions order by id`;
    expect(actions.map(({ kind, via }) => `${via} ${kind}`)).toEqual([
      "api alert.test",
      "api alert.test",
      "api alert.retry",
    ]);
  });

  test("refuses a channel that is unknown or not configured", async () => {
    const unknown = await ask(app, "POST", "/api/alerts/test", { channel: "pigeon" });
    expect([unknown.status, unknown.body.error.field]).toEqual([422, "channel"]);
    const missing = await ask(app, "POST", "/api/alerts/test", { channel: "email" });
    expect([missing.status, missing.body.error.code]).toEqual([409, "conflict"]);
    expect((await ask(app, "POST", "/api/alerts/deliveries/9/retry")).status).toBe(404);
  });
});
