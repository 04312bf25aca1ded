import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { sessionsBetween } from "../../../jobs/market/calendar.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { listSessions } from "../../../server/backfills/read.ts";
import { SessionMap } from "../../../views/backfills/session-map.tsx";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { hostile } from "../sample.ts";
import { addBackfill } from "./sample.ts";

let dashboard: Dashboard;
/** Running, paused and ended: by id. */
let running = 0;
let paused = 0;
let failed = 0;
let perTicker = 0;

beforeAll(async () => {
  dashboard = await openDashboard();
  const { sql } = dashboard;
  failed = await addBackfill(sql, {
    dates: ["2019-12-02", "2019-12-03"],
    states: ["success", "failed"],
    createdBy: hostile,
    reason: { kind: "told", text: hostile },
  });
  running = await addBackfill(sql, {
    dates: ["2019-12-23", "2019-12-24", "2019-12-26", "2019-12-27"],
    states: ["success", "running", "queued", "queued"],
    skipped: [
      { date: "2019-12-25", reason: { kind: "closed", holiday: "Christmas Day" } },
      { date: "2019-12-28", reason: { kind: "closed", holiday: null } },
      { date: "2019-12-30", reason: { kind: "already_ran", runId: 1, state: "success" } },
    ],
    concurrency: 2,
    order: "newest",
    // Two minutes before the clock of these tests.
    startedAt: "2020-01-10T02:58:00Z",
  });
  paused = await addBackfill(sql, { dates: ["2019-11-01", "2019-11-04"], states: ["success", "queued"], paused: true });
  perTicker = await addBackfill(sql, {
    dates: sessionsBetween("2019-10-01", "2019-10-31"),
    states: ["running"],
    startedAt: "2020-01-10T02:58:00Z",
    batches: ["success", "success", "success", "running", "queued"],
  });
}, openingMs);
beforeEach(() => {
  dashboard.asked.length = 0;
});
afterAll(() => dashboard.close());

const read = async (path: string) => {
  const response = await dashboard.app.request(path);
  return { status: response.status, text: await response.text() };
};
const part = async (path: string, id: string) => await (await dashboard.fragment(path, `div#${id}`)).text();
const idsIn = (text: string) => [...text.matchAll(/id="backfill-(\d+)"/g)].map((match) => Number(match[1]));

describe("the list of backfills", () => {
  test("shows the newest first, with state, range, progress and who asked", async () => {
    const { status, text } = await read("/backfills");
    expect(status).toBe(200);
    expect(idsIn(text)).toEqual([perTicker, paused, running, failed]);
    expect(text).toContain('href="/backfills/new"');
    expect(text).toContain("23 Dec 2019 to 27 Dec 2019");
    expect(text).toContain("1 of 4 runs: 1 running");
    expect(text).toContain("2 of 2 runs: 1 failed");
    expect(text).toMatch(/is-paused[\s\S]*Paused/);
    expect(text).toContain("&lt;script&gt;");
    expect(text).not.toContain("<script>alert");
  });

  test.each([
    ["running", () => [perTicker, running]],
    ["paused", () => [paused]],
    ["failed", () => [failed]],
    ["success", () => []],
    ["nonsense", () => [perTicker, paused, running, failed]],
  ])("of state %s shows only those", async (state, ids) => {
    const text = await part(`/backfills?state=${state}`, "backfill-list");
    expect(idsIn(text)).toEqual(ids());
    expect(text).not.toContain("<html");
    if (state === "success") expect(text).toContain("No backfill is success.");
  });

  test("goes on with older ones from where the last page ended", async () => {
    expect(idsIn((await read(`/backfills?before=${paused}`)).text)).toEqual([running, failed]);
  });

  test("refreshes itself only while one of those it shows is at work", async () => {
    expect(await part("/backfills", "backfill-list")).toContain('hx-trigger="every 2s"');
    expect(await part("/backfills?state=failed", "backfill-list")).not.toContain("hx-get");
  });
});

describe("a backfill's page", () => {
  test("marks each session with its state in words, and leads to its run", async () => {
    const { text } = await read(`/backfills/${running}`);
    expect(text).toMatch(
      /<a class="s success" href="\/runs\/\d+" title="Mon 23 Dec 2019: success, run \d+ \(never ran\)">/,
    );
    expect(text).toMatch(/<a class="s running" [^>]*title="Tue 24 Dec 2019: running, run \d+ \(never ran\)">/);
    expect(text).toMatch(/<a class="s queued" [^>]*title="Fri 27 Dec 2019: queued/);
    expect(text).toContain('<i class="s closed" role="img" title="Wed 25 Dec 2019: closed, Christmas Day">');
    expect(text).toContain(
      '<a class="s skipped" href="/runs/1" title="Mon 30 Dec 2019: skipped, run 1 already ran: succeeded">',
    );
    // Saturday has no mark. Wednesday is a holiday, so nothing of the week is a gap but what comes before Monday 30.
    expect(text).not.toContain("28 Dec 2019:");
    expect(text).toContain("at most 2 at a time");
    expect(text).toContain("newest first");
  });

  test("tells rate and time left from what ended lately, as about", async () => {
    const text = await part(`/backfills/${running}`, "backfill-live");
    expect(text).toContain("1 of 4 sessions ended");
    expect(text).toContain("0.5 sessions/min");
    expect(text).toContain("about 6 min");
    expect(text).toContain('hx-trigger="every 1s"');
  });

  test("tells neither while it is paused, and offers to resume", async () => {
    const text = await part(`/backfills/${paused}`, "backfill-live");
    expect(text).not.toContain("about ");
    expect(text).toContain(`action="/backfills/${paused}/resume"`);
    expect(text).toContain("nothing more begins");
  });

  test("tells neither while its job is paused", async () => {
    await dashboard.sql`insert into barline.jobs (id, paused) values (${jobIds.ingest}, true)`;
    try {
      const text = await part(`/backfills/${running}`, "backfill-live");
      expect(text).toContain("1 of 4 sessions ended");
      expect(text).not.toContain("sessions/min");
      expect(text).not.toContain("about ");
    } finally {
      await dashboard.sql`delete from barline.jobs`;
    }
  });

  test("of one run for all sessions counts batches, and marks every session as that run stands", async () => {
    const text = await part(`/backfills/${perTicker}`, "backfill-live");
    expect(text).toContain("3 of 5 batches ended");
    expect(text).toContain("1.5 batches/min");
    expect(text).toContain("1.5 calls/min");
    const map = await part(`/backfills/${perTicker}`, "backfill-map");
    expect(map.match(/class="s running" href/g)?.length).toBe(23);
  });

  test("that has ended refreshes nothing, has no settings, and offers to retry what failed", async () => {
    const { text } = await read(`/backfills/${failed}`);
    expect(text.slice(text.indexOf("<main"), text.indexOf("</main>"))).not.toContain("hx-get");
    expect(text).not.toContain("backfill-settings");
    expect(text).toContain(`action="/backfills/${failed}/retry"`);
    expect(text).not.toContain(`action="/backfills/${failed}/cancel"`);
    const live = await dashboard.fragment(`/backfills/${failed}`, "div#backfill-live");
    expect(live.headers.get("HX-Refresh")).toBe("true");
  });

  test("shows reasons and names as text, whatever they hold", async () => {
    const { text } = await read(`/backfills/${failed}`);
    expect(text).not.toContain("<script>alert");
    expect(text).not.toMatch(/<img src=x/);
    expect(text).toContain("&lt;img src=x onerror=&#39;y&#39;&gt;");
  });

  test("whose plan is of no known shape still shows", async () => {
    const { sql } = dashboard;
    for (const plan of [[], "x", 5, { dates: "x", skipped: [{ date: 5 }] }]) {
      const [row] = await sql<[{ id: number }]>`
        insert into barline.backfills (job_id, state, from_partition, to_partition, reprocess, plan)
        values (${jobIds.ingest}, 'success', '2018-01-02', '2018-01-03', 'all', ${sql.json(plan)}) returning id`;
      expect((await read(`/backfills/${row.id}`)).status).toBe(200);
      await sql`delete from barline.backfills where id = ${row.id}`;
    }
  });

  test("of ten years of sessions looks at each run and session as often as that of one year", () => {
    let looks = 0;
    const watched = <T extends object>(one: T): T =>
      new Proxy(one, {
        get: (target, key, receiver) => {
          looks++;
          return Reflect.get(target, key, receiver);
        },
      });
    const looksPerSession = (to: string) => {
      looks = 0;
      const dates = sessionsBetween("2010-01-04", to);
      const plan = { strategy: null, calls: null, minutes: 0, alternative: null, dates, reasons: [], skipped: [] };
      const runs = dates.map((date, id) =>
        watched({ id: id + 1, state: "success", partition: date, partitionTo: date }),
      );
      const sessions = listSessions(plan, runs).map(watched);
      expect(String(SessionMap({ sessions })).match(/class="s success"/g)?.length).toBe(dates.length);
      return looks / dates.length;
    };
    // Looking through all runs for each session would make it ten times as often.
    expect(looksPerSession("2019-12-10")).toBeLessThan(1.1 * looksPerSession("2010-12-31"));
  });

  test.each(["/backfills/999999", "/backfills/x", "/backfills/0"])("%s is no page", async (path) => {
    expect((await read(path)).status).toBe(404);
  });
});

describe("what a person can do to a backfill", () => {
  test("goes to the orchestrator, and back to the page", async () => {
    for (const deed of ["pause", "resume", "retry", "cancel"]) {
      const response = await dashboard.post(`/backfills/${running}/${deed}`);
      expect([response.status, response.headers.get("Location")]).toEqual([303, `/backfills/${running}`]);
    }
    expect(dashboard.asked).toEqual([
      { call: "updateBackfill", argument: { backfillId: running, paused: true } },
      { call: "updateBackfill", argument: { backfillId: running, paused: false } },
      { call: "retryBackfill", argument: running },
      { call: "cancelBackfill", argument: running },
    ]);
  });

  test("changes limit and order; an empty limit lifts it", async () => {
    const post = (body: Record<string, string>) => dashboard.post(`/backfills/${running}/settings`, body);
    expect((await post({ concurrency: "3", order: "oldest" })).status).toBe(303);
    expect((await post({ concurrency: "", order: "newest" })).status).toBe(303);
    expect(dashboard.asked.map(({ argument }) => argument)).toEqual([
      { backfillId: running, concurrency: 3, order: "oldest" },
      { backfillId: running, concurrency: null, order: "newest" },
    ]);
  });

  test.each([
    ["concurrency", { concurrency: "0", order: "oldest" }],
    ["concurrency", { concurrency: "5", order: "oldest" }],
    ["concurrency", { concurrency: '"><script>', order: "oldest" }],
    ["order", { concurrency: "2", order: "sideways" }],
  ])("is refused beside %s (%j), with what was typed kept", async (field, body) => {
    const response = await dashboard.post(`/backfills/${running}/settings`, body);
    const text = await response.text();
    expect(response.status).toBe(422);
    expect(text).toContain(`id="${field}-error"`);
    expect(text).not.toContain('"><script>');
    if (body.concurrency === "5") expect(text).toMatch(/name="concurrency"[^>]*value="5"/);
    expect(dashboard.asked).toEqual([]);
  });
});

describe("the form of a new backfill", () => {
  const good = { from: "2020-01-02", to: "2020-01-06", reprocess: "failed", strategy: "auto", tickers: "" };

  test("has a page of its own, filled in from the URL", async () => {
    const { text } = await read("/backfills/new?from=2020-01-03&to=2020-01-08&reprocess=all&order=newest&evil=%22%3E");
    expect(text).toMatch(/name="from"[^>]*value="2020-01-03"/);
    expect(text).toMatch(/value="all" selected/);
    expect(text).toMatch(/value="newest" selected/);
    expect(text).toContain('action="/backfills/new"');
    expect(text).toContain("What the choices mean");
  });

  test("previews the three choices side by side, with the sessions of each and why", async () => {
    const response = await dashboard.post("/backfills/new", { ...good, intent: "preview" });
    const text = await response.text();
    expect(response.status).toBe(200);
    for (const choice of ["missing", "failed", "all"]) expect(text).toContain(`id="preview-${choice}"`);
    expect(text).toContain('<b>never ran</b> 3 days<span class="note">: 2 Jan 2020 – 6 Jan 2020</span>');
    expect(text).toMatch(/class="chosen"[^>]*><th scope="row">Failed/);
    expect(dashboard.asked).toEqual([]);
  });

  test("starts with limit and order, and goes to the page", async () => {
    const body = { ...good, concurrency: "2", order: "newest", intent: "start" };
    const response = await dashboard.post("/backfills/new", body);
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/backfills/7"]);
    expect(dashboard.asked[0]?.argument).toMatchObject({ concurrency: 2, order: "newest", reprocess: "failed" });
    const byHtmx = await dashboard.fragment("/backfills/new", "form#backfill", body);
    expect(byHtmx.headers.get("HX-Redirect")).toBe("/backfills/7");
  });

  test.each([
    ["concurrency", { concurrency: "17" }, "Write a whole number from 1 to 4"],
    ["concurrency", { concurrency: "2.5" }, "Write a whole number from 1 to 4"],
    ["order", { order: "random" }, "Choose oldest or newest."],
    ["from", { from: "2020-02-01" }, "The first date is after the last."],
  ])("tells a fault in %s (%j) beside it, and keeps the rest", async (field, change, message) => {
    const response = await dashboard.post("/backfills/new", { ...good, tickers: "KEPT", ...change, intent: "start" });
    const text = await response.text();
    expect(response.status).toBe(422);
    expect(text).toContain(`id="${field}-error">${message}`);
    expect(text).toContain('value="KEPT"');
    expect(dashboard.asked).toEqual([]);
  });
});
