import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { ask } from "../api-support.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { hostile } from "../sample.ts";
import { createTestApp, type TestApp } from "../support.ts";
import { addMartSample } from "./sample.ts";
import { addWorkspaceSample } from "./workspace-sample.ts";

let dashboard: Dashboard;
let app: TestApp;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addMartSample(dashboard.sql);
  await addWorkspaceSample(dashboard.sql);
  app = createTestApp({ read: dashboard.sql });
}, openingMs);
afterAll(() => dashboard.close());
beforeEach(async () => {
  await dashboard.sql`
    truncate barline.data_alerts, barline.saved_screens, barline.alerts, barline.actions restart identity cascade`;
});

const text = async (path: string) => (await dashboard.app.request(path)).text();
const sent = async (path: string, fields: Record<string, string> = {}) => {
  const response = await dashboard.post(path, fields);
  return [response.status, response.headers.get("Location")];
};
const deeds = async () =>
  (await dashboard.sql`select kind from barline.actions order by id`).map(({ kind }) => kind as string);
const onTicker = { kind: "ticker", ticker: "AAPL", column: "return_1d", operator: "above", value: "5%" };
const api = { name: "Up", ticker: "AAPL", column: "return_1d", operator: "above", value: "5%" };
/** Keeps what a check of the first alert would have found. */
const settle = async () => {
  const { sql } = dashboard;
  const [alert] = await sql<[{ id: number }]>`
    insert into barline.alerts (key, kind, title, message, path, opened_at, resolved_at)
    values ('data:1', 'data', 'AAPL: told', 'told', '/alerts/data/1', now(), now()) returning id`;
  await sql`
    insert into barline.data_alert_crossings (data_alert_id, alert_id, session, direction, key, ticker, figures, at)
    select 1, ${alert.id}, '2024-01-09', 'entered', ticker, ticker, '1 day +6.0%', now()
    from unnest(array['AAPL', 'EVIL', 'NEWT', 'BRK.B']) as ticker`;
  await sql`
    update barline.data_alerts set members = '{AAPL}', checked_at = now(), checked_session = '2024-01-09', checked_mark = 'x'`;
};

describe("an alert on a ticker", () => {
  test("is made from the ticker's page, named by what it waits for, and listed with how it stands", async () => {
    expect(await text("/tickers/AAPL")).toContain('href="/alerts/new?ticker=AAPL"');
    const form = await text("/alerts/new?ticker=AAPL");
    expect(form).toContain('value="AAPL"');
    expect(form).toContain('<option value="z_score.regime"');
    expect(form).not.toContain('id="on-screen"');
    expect(await sent("/alerts/data", onTicker)).toEqual([303, "/alerts/data/1"]);
    expect(await text("/alerts")).toMatch(/AAPL: 1 day above 5%.*Not checked yet.*nothing yet/s);
    await settle();
    const list = await text("/alerts");
    expect(list).toMatch(/So now.*AAPL, EVIL, NEWT and 1 more/s);
    // What it told is no problem that is over.
    expect(list).toContain("No problem has been over yet.");
    const page = await text("/alerts/data/1");
    expect(page).toContain('href="/tickers/AAPL?on=2024-01-09"');
    expect(page).toContain("1 day +6.0%");
    expect(page).toContain("No channel is configured");
    expect(await text("/activity")).toContain("made the data alert");
  });

  test("keeps what was typed, and says what is wrong with it", async () => {
    for (const [wrong, words] of [
      [{ ticker: "NONE" }, "No ticker &quot;NONE&quot; is known."],
      [{ value: "much" }, "It has to be a number such as 0.1, 10% or 1.5M."],
      [{ operator: "equals" }, "A number is above or below a value, or crosses it."],
      [{ column: "z_score.regime", value: hostile }, "A text, or yes and no, equals a value."],
      [{ column: "z_score.gone" }, "z_score.gone is not there"],
      [{ operator: "" }, "Say how it is compared."],
    ] as const) {
      const response = await dashboard.post("/alerts/data", { ...onTicker, name: "Mine", ...wrong });
      const page = await response.text();
      expect({ words, status: response.status, isSaid: page.includes(words) }).toEqual({
        words,
        status: 422,
        isSaid: true,
      });
      expect(page).toContain('value="Mine"');
      expect(page).not.toContain(hostile);
    }
    await sent("/alerts/data", { ...onTicker, name: "Mine" });
    const taken = await dashboard.post("/alerts/data", { ...onTicker, name: "MINE" });
    expect(taken.status).toBe(409);
    expect(await taken.text()).toContain("There is a data alert called “MINE” already.");
  });

  test("is changed, paused, deleted and had back, each kept with who did it", async () => {
    await sent("/alerts/data", { ...onTicker, name: "Mine" });
    await settle();
    await sent("/alerts/data/1", { ...onTicker, name: "Other", tellAtOnce: "true" });
    expect(await dashboard.sql`select name, members, tells_at_once from barline.data_alerts`).toMatchObject([
      { name: "Other", members: ["AAPL"], tells_at_once: true },
    ]);
    await sent("/alerts/data/1", { ...onTicker, name: "Other", value: "6%" });
    expect(await dashboard.sql`select value, members, tells_at_once from barline.data_alerts`).toMatchObject([
      { value: "0.06", members: null, tells_at_once: false },
    ]);
    const refused = await dashboard.post("/alerts/data/1", { ...onTicker, name: "Other", value: "x" });
    expect(refused.status).toBe(422);
    expect(await refused.text()).toMatch(/id="edit" open.*value="x"/s);
    expect(await sent("/alerts/data/1/pause")).toEqual([303, "/alerts/data/1"]);
    expect(await text("/alerts/data/1")).toContain("Paused");
    await sent("/alerts/data/1/resume");
    expect(await sent("/alerts/data/1/delete")).toEqual([303, "/alerts?deleted=1#data"]);
    expect(await text("/alerts?deleted=1")).toContain("“Other” was deleted.");
    expect((await dashboard.app.request("/alerts/data/1")).status).toBe(404);
    await sent("/alerts/data", { ...onTicker, name: "other" });
    await sent("/alerts/data/1/restore");
    expect(await text("/alerts/data/1")).toContain("Other (restored)");
    const kinds = ["create", "change", "change", "pause", "resume", "delete", "create", "restore"];
    expect(await deeds()).toEqual(kinds.map((kind) => `data_alert.${kind}`));
  });
});

describe("an alert on a screen", () => {
  test("is made beside Save, which saves the screen too, or on one that is saved", async () => {
    expect(await text("/screener?rsi_14_max=30")).toContain("/alerts/new?query=rsi_14_max%3D30");
    expect(await text("/alerts/new?query=rsi_14_max%3D30")).toContain("RSI 14 at most 30");
    expect(await sent("/alerts/data", { kind: "screen", query: "rsi_14_max=30", tellLeaving: "true" })).toEqual([
      303,
      "/alerts/data/1",
    ]);
    expect(await dashboard.sql`select name, query from barline.saved_screens`).toMatchObject([
      { name: "RSI 14 at most 30", query: "rsi_14_max=30" },
    ]);
    expect(await text("/alerts/new?query=rsi_14_max%3D30")).toMatch(/<option value="1" selected/);
    expect(await sent("/alerts/data", { kind: "screen", screen: "1", name: "Again" })).toEqual([303, "/alerts/data/2"]);
    const missing = await dashboard.post("/alerts/data", { kind: "screen", screen: "9" });
    expect(await missing.text()).toContain("There is no saved screen 9.");
  });

  test("keeps the screen where the alert is refused, to be chosen", async () => {
    await sent("/alerts/data", { ...onTicker, name: "Taken" });
    const response = await dashboard.post("/alerts/data", { kind: "screen", query: "type=CS", name: "taken" });
    expect(response.status).toBe(409);
    expect(await response.text()).toMatch(/<option value="1" selected/);
  });
});

describe("the API", () => {
  const call = (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown) =>
    ask(app, method, `/api/data-alerts${path}`, body);

  test("makes, reads, changes, deletes and restores alerts", async () => {
    const made = await call("POST", "", { ...api, tellAtOnce: true });
    expect(made).toMatchObject({
      status: 201,
      body: { id: 1, condition: "1 day above 5%", value: "0.05", inside: null, tellAtOnce: true, paused: false },
    });
    await settle();
    expect((await call("GET", "/1")).body).toMatchObject({ inside: 1, checkedSession: "2024-01-09", problem: null });
    const crossings = await call("GET", "/1/crossings?limit=2");
    expect(crossings.body.map(({ ticker }: { ticker: string }) => ticker)).toEqual(["BRK.B", "NEWT"]);
    const older = await call("GET", `/1/crossings?before=${crossings.body[1].id}`);
    expect(older.body).toHaveLength(2);
    expect((await ask(app, "GET", "/api/alerts")).body).toMatchObject([{ kind: "data", state: "resolved" }]);
    expect((await call("PATCH", "/1", { paused: true })).body.paused).toBe(true);
    expect((await call("DELETE", "/1")).body.deletedAt).not.toBeNull();
    expect((await call("GET", "")).body).toEqual([]);
    expect((await call("PATCH", "/1", { paused: false })).status).toBe(404);
    expect((await call("POST", "/1/restore")).body.deletedAt).toBeNull();
  });

  test("takes texts, yes and no of the people's own models, and refuses what does not go together", async () => {
    const own = { ...api, column: "z_score.is_cheap", operator: "equals", value: "true" };
    expect((await call("POST", "", own)).body.condition).toBe("z_score.is_cheap is true");
    for (const [wrong, field] of [
      [{ ...own, name: "a", value: "maybe" }, "value"],
      [{ ...api, name: "a", screen: 1 }, "screen"],
      [{ name: "a" }, "screen"],
      [{ name: "a", screen: 1, column: "rsi_14" }, "column"],
      [{ ...api, name: "a", tellLeaving: true }, "tellLeaving"],
      [{ ...api, name: " " }, "name"],
    ] as const) {
      const { status, body } = await call("POST", "", wrong);
      expect({ status, field: body.error?.field }).toEqual({ status: 422, field });
    }
  });
});
