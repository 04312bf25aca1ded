import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createDashboardRoutes } from "../../../server/pages.ts";
import {
  type AlertBench,
  addRun,
  addTest,
  minutesAfter,
  noon,
  openAlerts,
  type Receiver,
  smtpPassword,
  startReceiver,
  webhookSecret,
} from "../../jobs/alerts/support.ts";
import { hostile } from "../sample.ts";
import { createTestApp } from "../support.ts";

setDefaultTimeout(60_000);

let bench: AlertBench;
let receiver: Receiver;
beforeEach(async () => {
  bench = await openAlerts();
  receiver = startReceiver();
}, 60_000);
afterEach(async () => {
  await receiver.stop();
  await bench.close();
});

const smtpUrl = `smtp://alerts:${smtpPassword}@127.0.0.1:1`;

/** The dashboard with a webhook and e-mail, or with neither. */
function openDashboard(options: { isConfigured?: boolean } = {}) {
  const { isConfigured = true } = options;
  const environment: Record<string, string> = isConfigured
    ? {
        ALERT_WEBHOOK_URL: receiver.url,
        ALERT_EMAIL_TO: "ann@example.org",
        ALERT_EMAIL_FROM: "barline@example.org",
        SMTP_URL: smtpUrl,
      }
    : {};
  const email = { to: ["ann@example.org"], from: "barline@example.org", smtpUrl };
  const app = createTestApp({
    environment,
    read: bench.sql,
    alerts: bench.make(isConfigured ? { webhookUrl: receiver.url, email } : {}),
    dashboard: (context) => createDashboardRoutes(context),
  });
  app.clock.now = noon;
  const post = (path: string, body: Record<string, string> = {}) =>
    app.send("POST", path, new URLSearchParams(body).toString(), {
      "Content-Type": "application/x-www-form-urlencoded",
      Origin: "http://localhost:3000",
    });
  return { ...app, post, page: async (path = "/alerts") => await (await app.get(path)).text() };
}

const textOf = (page: string) => page.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");

describe("/alerts", () => {
  test("says that nothing is wrong, and which variables a channel needs", async () => {
    const dashboard = openDashboard({ isConfigured: false });
    const text = textOf(await dashboard.page());
    expect(text).toContain("None open");
    expect(text).toContain("No problem stands.");
    expect(text).toContain("No channel is configured: nobody is told. Set one:");
    expect(text).toContain("Webhook ALERT_WEBHOOK_URL");
    expect(text).toContain("E-mail SMTP_URL , ALERT_EMAIL_FROM and ALERT_EMAIL_TO");
    expect(text).toContain("No problem has been over yet.");
    expect(await dashboard.page()).not.toContain("open-count");
  });

  test("shows what happened, what to do, since when and who was told, also with no channel", async () => {
    const id = await addRun(bench.sql, { job: jobIds.ingest, date: "2020-01-07" });
    await bench.look({ channels: [] });
    const page = await openDashboard({ isConfigured: false }).page();
    const text = textOf(page);
    expect(text).toContain("1 open");
    expect(text).toContain(`Run ${id} of 2020-01-07 failed: Refused.`);
    expect(text).toContain("retry it there once the cause is mended");
    expect(text).toContain("Nobody was told.");
    expect(page).toContain(`<a href="/runs/${id}">See run ${id}</a>`);
    expect(page).toContain(`datetime="${noon.toISOString()}"`);
    // Every page counts them in its navigation.
    expect(textOf(await openDashboard().page("/about"))).toContain("Alerts 1 open");
  });

  test("answers the part that refreshes itself to htmx", async () => {
    const dashboard = openDashboard();
    const response = await dashboard.get("/alerts?before=9", { "HX-Request": "true", "HX-Target": "div#alerts-live" });
    const body = await response.text();
    expect(body).toStartWith('<div id="alerts-live" hx-get="/alerts?before=9"');
    expect(body).not.toContain("<html");
  });

  test("shows text from outside as text", async () => {
    await addRun(bench.sql, { job: jobIds.ingest, message: hostile });
    const run = await addRun(bench.sql, { job: jobIds.transform, state: "success" });
    await addTest(bench.sql, run, hostile, "fail");
    await bench.look();
    await bench.sql`update barline.alert_deliveries set state = 'failed', error = ${hostile}`;
    const page = await openDashboard().page();
    expect(page).not.toContain("<script>alert");
    expect(page).not.toContain("<img src=x");
    expect(page.match(/&lt;script&gt;alert/g)?.length).toBeGreaterThanOrEqual(3);
  });

  test("tells each delivery's state in words", async () => {
    await addRun(bench.sql, { job: jobIds.ingest });
    const channels = ["webhook" as const, "email" as const];
    await bench.look({ channels });
    const set = (channel: string, state: string, attempts: number, minutes: number, error: string | null) => bench.sql`
      update barline.alert_deliveries set state = ${state}, attempts = ${attempts}, error = ${error},
        next_attempt_at = ${minutesAfter(noon, minutes)}
      where channel = ${channel}`;
    await set("webhook", "waiting", 0, 40, null);
    await set("email", "waiting", 3, 2, "mail.example:587 said no.");
    const text = textOf(await openDashboard().page());
    expect(text).toMatch(/Webhook problem Held back it comes and goes; told at 10 Jan, 15:40 if it still stands/);
    expect(text).toMatch(/E-mail problem Tried again 3 attempts, next at 10 Jan, 15:02 mail.example:587 said no\./);
    await set("webhook", "delivered", 1, 0, null);
    await set("email", "failed", 20, 0, "mail.example:587 said no.");
    const later = textOf(await openDashboard().page());
    expect(later).toContain("Webhook problem Delivered");
    expect(later).toContain("E-mail problem Not delivered after 20 attempts");
    expect(later).toContain("Send again");
  });

  test("pages through what is over", async () => {
    await bench.sql`
      insert into barline.alerts (key, kind, title, message, path, opened_at, resolved_at)
      select 'run_failed:' || n, 'run_failed', 'Problem ' || n || '.', '', '/runs/1', ${noon}, ${minutesAfter(noon, 90)}
      from generate_series(1, 30) as n`;
    const dashboard = openDashboard();
    const first = await dashboard.page();
    expect(textOf(first)).toContain("Problem 30.");
    expect(textOf(first)).toContain("after 1 h 30 min");
    expect(textOf(first)).not.toContain("Problem 5.");
    expect(first).toContain('href="/alerts?before=6#history"');
    const second = textOf(await dashboard.page("/alerts?before=6"));
    expect(second).toContain("Problem 5.");
    expect(second).toContain("Problem 1.");
    expect(second).not.toContain("Problem 6.");
  });
});

describe("the test button", () => {
  test("sends at once, and the page says that it was delivered", async () => {
    const dashboard = openDashboard();
    expect(textOf(await dashboard.page())).toContain("never tested");
    const response = await dashboard.post("/alerts/test", { channel: "webhook" });
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/alerts#channels"]);
    expect(receiver.received.map(({ body }) => body.event)).toEqual(["test"]);
    expect(textOf(await dashboard.page())).toMatch(
      /Webhook Send a test to Webhook Delivered 10 Jan, 15:00 127\.0\.0\.1:\d+/,
    );
  });

  test("shows why a test was not delivered, and no secret anywhere", async () => {
    const dashboard = openDashboard();
    receiver.answer = () => new Response(`no_service ${webhookSecret}`, { status: 404 });
    for (const channel of ["webhook", "email"]) await dashboard.post("/alerts/test", { channel });
    const page = await dashboard.page();
    expect(textOf(page)).toMatch(/Not delivered after 1 attempt 127\.0\.0\.1:\d+ answered 404: no_service \[secret\]/);
    expect(textOf(page)).toContain("127.0.0.1:1 did not take the message");
    const shown = page + JSON.stringify(dashboard.logged) + bench.lines.join("");
    expect(shown).not.toContain(webhookSecret);
    expect(shown).not.toContain(smtpPassword);
  });

  test("says which variables are missing", async () => {
    const dashboard = openDashboard({ isConfigured: false });
    const response = await dashboard.post("/alerts/test", { channel: "webhook" });
    expect(response.status).toBe(409);
    expect(textOf(await response.text())).toContain("The channel webhook is not configured: set ALERT_WEBHOOK_URL.");
    expect((await dashboard.post("/alerts/test", { channel: "pigeon" })).status).toBe(422);
  });
});

describe("sending again", () => {
  test("queues a failed delivery, once", async () => {
    await addRun(bench.sql, { job: jobIds.ingest });
    await bench.look();
    await bench.sql`update barline.alert_deliveries set state = 'failed', attempts = 20`;
    const [row] = await bench.sql<[{ id: number }]>`select id from barline.alert_deliveries`;
    const dashboard = openDashboard();
    const path = `/alerts/deliveries/${row.id}/retry`;
    expect(await dashboard.page()).toContain(`action="${path}"`);
    expect((await dashboard.post(path)).status).toBe(303);
    expect(await bench.deliveries()).toMatchObject([{ state: "waiting", attempts: 0 }]);
    const again = await dashboard.post(path);
    expect(again.status).toBe(409);
    expect(textOf(await again.text())).toContain(`Delivery ${row.id} is waiting; only a failed one is sent again.`);
    expect((await dashboard.post("/alerts/deliveries/99/retry")).status).toBe(404);
  });
});
