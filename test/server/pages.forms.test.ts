import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type DatedReason, jobIds } from "../../jobs/pipeline.ts";
import { groupSkipped } from "../../server/backfills/attempt.ts";
import { type Dashboard, openDashboard, openingMs } from "./dashboard.ts";
import { addPipelineSample } from "./sample.ts";

const backfills = `/jobs/${jobIds.ingest}/backfills`;
const good = { from: "2020-01-02", to: "2020-01-06", reprocess: "all", strategy: "auto", tickers: "" };

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard({ POLYGON_API_KEY: "key", POLYGON_CALLS_PER_MINUTE: "5" });
  await addPipelineSample(dashboard.sql);
}, openingMs);
beforeEach(() => {
  dashboard.asked.length = 0;
});
afterAll(() => dashboard.close());

describe("the backfill form", () => {
  test("a preview lists sessions, calls and minutes, and starts nothing", async () => {
    const response = await dashboard.post(backfills, { ...good, intent: "preview" });
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain("<b>3 sessions</b> in <b>3 calls</b>, 36 s at 5 calls a minute");
    expect(page).toContain("2020-01-03");
    expect(page).toContain("holiday: New Year’s Day");
    expect(page).toContain("Start backfill");
    expect(dashboard.asked).toEqual([]);
  });

  test("a start without scripts goes to the backfill's page", async () => {
    const response = await dashboard.post(backfills, { ...good, tickers: "AAPL, BRK.B", intent: "start" });
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/backfills/7"]);
    expect(dashboard.asked).toEqual([
      {
        call: "createBackfill",
        argument: {
          jobId: jobIds.ingest,
          from: "2020-01-02",
          to: "2020-01-06",
          reprocess: "all",
          strategy: "auto",
          order: "oldest",
          tickers: ["AAPL", "BRK.B"],
        },
      },
    ]);
  });

  test("a start by htmx tells it where to go", async () => {
    const response = await dashboard.fragment(backfills, "form#backfill", { ...good, intent: "start" });
    expect([response.status, response.headers.get("HX-Redirect")]).toEqual([204, "/backfills/7"]);
  });

  test.each([
    ["from", { from: "2020-02-01" }, "The first date is after the last."],
    ["from", { from: "" }, "Choose the first date"],
    ["to", { to: "tomorrow" }, "Choose the last date"],
    ["strategy", { strategy: "magic" }, "Choose how to fetch"],
    ["tickers", { tickers: "aapl" }, "No ticker &quot;aapl&quot; is known."],
  ])("a fault in %s (%j) is told beside the field, with what was typed kept", async (field, change, message) => {
    const draft = { ...good, tickers: "KEPT", ...change };
    for (const ask of [
      dashboard.post,
      (path: string, body: Record<string, string>) => dashboard.fragment(path, "form#backfill", body),
    ]) {
      const response = await ask(backfills, { ...draft, intent: "preview" });
      const body = await response.text();
      expect(response.status).toBe(422);
      expect(body).toContain(`id="${field}-error">${message}`);
      expect(body).toMatch(
        new RegExp(`name="${field}"[^>]*aria-describedby="[^"]*${field}-error"[^>]*aria-invalid="true"`),
      );
      expect(body).toContain(`value="${draft.tickers}"`);
    }
  });

  test("what was typed comes back as text", async () => {
    const body = await (
      await dashboard.fragment(backfills, "form#backfill", { ...good, tickers: '"><script>' })
    ).text();
    expect(body).not.toContain("<script>");
    expect(body).toContain("&quot;&gt;&lt;script&gt;");
  });

  test("skipped days are grouped by reason, weekends only counted", () => {
    const skipped: DatedReason[] = [
      { date: "2020-01-04", reason: { kind: "closed", holiday: null } },
      { date: "2020-01-05", reason: { kind: "closed", holiday: null } },
      { date: "2020-01-11", reason: { kind: "closed", holiday: null } },
      { date: "2020-01-02", reason: { kind: "already_ran", runId: 4, state: "success" } },
      { date: "2020-01-03", reason: { kind: "already_ran", runId: 5, state: "success" } },
      { date: "2020-01-20", reason: { kind: "closed", holiday: "holiday" } },
    ];
    expect(groupSkipped(skipped)).toEqual([
      { reason: { kind: "closed", holiday: null }, count: 3, ranges: [] },
      { reason: { kind: "already_ran", state: "success" }, count: 2, ranges: ["2 Jan 2020 – 3 Jan 2020"] },
      { reason: { kind: "closed", holiday: "holiday" }, count: 1, ranges: ["20 Jan 2020"] },
    ]);
  });
});

describe("the other forms", () => {
  test("a run by hand goes to its page", async () => {
    const response = await dashboard.post(`/jobs/${jobIds.ingest}/runs`, { session: "2020-01-03" });
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/runs/9"]);
    await dashboard.post(`/jobs/${jobIds.transform}/runs`, { fullRefresh: "yes" });
    expect(dashboard.asked.map(({ argument }) => argument)).toEqual([
      { jobId: jobIds.ingest, session: "2020-01-03" },
      { jobId: jobIds.transform, fullRefresh: true },
    ]);
  });

  test("a session that is none is told beside the field, escaped", async () => {
    const response = await dashboard.post(`/jobs/${jobIds.ingest}/runs`, { session: "2020-01-01" });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('id="session-error">2020-01-01 is &lt;i&gt;no&lt;/i&gt; session.');
  });

  test("pausing, resuming, retrying and cancelling do so and go back", async () => {
    const paths = [`/jobs/${jobIds.load}/pause`, `/jobs/${jobIds.load}/resume`, "/runs/1/retry", "/runs/1/cancel"];
    for (const path of [...paths, "/backfills/3/cancel"]) expect((await dashboard.post(path)).status).toBe(303);
    expect(dashboard.asked.map(({ call }) => call)).toEqual([
      "setPaused",
      "setPaused",
      "retryRun",
      "cancelRun",
      "cancelBackfill",
    ]);
  });

  test("what cannot be done to a run is told on its page, escaped", async () => {
    const response = await dashboard.post("/runs/2/retry");
    expect(response.status).toBe(409);
    expect(await response.text()).toContain("Run 2 is &lt;b&gt;not&lt;/b&gt; over.");
  });
});

describe("assets", () => {
  test("hashed files may be kept for ever, plain ones are asked for again", async () => {
    const page = await (await dashboard.app.request("/about")).text();
    const url = /href="(\/assets\/styles\.[^"]+)"/.exec(page)?.[1] ?? "";
    const hashed = await dashboard.app.request(url, { headers: { "Accept-Encoding": "gzip" } });
    expect(hashed.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(hashed.headers.get("Content-Encoding")).toBe("gzip");
    const plain = await dashboard.app.request("/assets/styles.css");
    expect(plain.headers.get("Cache-Control")).toBe("no-cache");
    const tag = plain.headers.get("ETag") ?? "";
    const again = await dashboard.app.request("/assets/styles.css", { headers: { "If-None-Match": tag } });
    expect(again.status).toBe(304);
    expect((await dashboard.app.request("/assets/../package.json")).status).toBe(404);
  });

  test("scripts and styles of a chart's page stay under 120 kB over the wire", async () => {
    const names = ["styles.css", "uplot.css", "theme.js", "htmx.js", "app.js", "chart.js"];
    let bytes = 0;
    for (const name of names) {
      const file = await dashboard.app.request(`/assets/${name}`, { headers: { "Accept-Encoding": "gzip" } });
      bytes += (await file.arrayBuffer()).byteLength;
    }
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(120_000);
  });
});
