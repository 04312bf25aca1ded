import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addMarketSample } from "../sample.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addMarketSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());
beforeEach(async () => {
  await dashboard.sql`truncate barline.watchlists, barline.watched_tickers, barline.saved_screens, barline.actions restart identity cascade`;
});

const text = async (path: string) => (await dashboard.app.request(path)).text();
/** Where a form leads. */
const sent = async (path: string, fields: Record<string, string> = {}) => {
  const response = await dashboard.post(path, fields);
  return [response.status, response.headers.get("Location")];
};
/** The symbols of a page's list, in its order. */
const watched = async (path: string) =>
  [...(await text(path)).matchAll(/<tr id="watched-([^"]+)"/g)].map(([, ticker]) => ticker);
const deeds = async () =>
  (await dashboard.sql`select kind from barline.actions order by id`).map(({ kind }) => kind as string);

describe("a star", () => {
  test("puts a ticker on the first list, which it makes, and takes it off with a second click", async () => {
    expect(await text("/tickers")).toMatch(/id="star-AAPL"[^>]*aria-pressed="false"/);
    expect(await sent("/watchlists/star", { ticker: "AAPL", next: "/tickers?q=a" })).toEqual([303, "/tickers?q=a"]);
    expect(await watched("/watchlists")).toEqual(["AAPL"]);
    for (const page of ["/tickers", "/tickers/AAPL"]) {
      expect(await text(page)).toMatch(/id="star-AAPL"[^>]*aria-pressed="true"/);
    }
    expect(await text("/")).toMatch(/id="watch".*href="\/tickers\/AAPL"/s);
    await sent("/watchlists/star", { ticker: "AAPL", next: "/" });
    expect(await watched("/watchlists")).toEqual([]);
    expect(await deeds()).toEqual(["watchlist.create", "watchlist.add", "watchlist.take"]);
  });

  test("answers a script with itself alone", async () => {
    const response = await dashboard.fragment("/watchlists/star", "button#star-KIMpL", { ticker: "KIMpL" });
    expect(await response.text()).toMatch(/^<button [^>]*id="star-KIMpL"[^>]*aria-pressed="true"/);
  });

  test("leads nowhere else than to a page of ours", async () => {
    expect(await sent("/watchlists/star", { ticker: "AAPL", next: "//evil.example" })).toEqual([303, "/"]);
  });
});

describe("a watchlist", () => {
  const make = async (name: string, ...tickers: string[]) => {
    const [, path] = await sent("/watchlists", { name });
    for (const ticker of tickers) await sent(`${path}/add`, { ticker });
    return String(path);
  };

  test("has a name, an order and notes", async () => {
    const path = await make("Core", "AAPL", "AAP", "KIMpL");
    expect(await watched(path)).toEqual(["AAPL", "AAP", "KIMpL"]);
    await sent(`${path}/place`, { ticker: "KIMpL", place: "1" });
    expect(await watched(path)).toEqual(["KIMpL", "AAPL", "AAP"]);
    await sent(`${path}/note`, { ticker: "AAP", note: "Why?\nA <b>reason</b>" });
    expect(await text(path)).toContain("Why?\nA &lt;b&gt;reason&lt;/b&gt;");
    expect(await sent(`${path}/name`, { name: "Other" })).toEqual([303, path]);
    expect(await text(path)).toContain("Other");
  });

  test("gives back what was taken off it, with its note and place", async () => {
    const path = await make("Core", "AAPL", "AAP");
    await sent(`${path}/note`, { ticker: "AAPL", note: "kept" });
    const [, undone] = await sent(`${path}/take`, { ticker: "AAPL" });
    expect(await watched(path)).toEqual(["AAP"]);
    expect(await text(String(undone))).toContain("AAPL was taken off “Core”.");
    await sent(`${path}/add`, { ticker: "AAPL" });
    expect(await watched(path)).toEqual(["AAPL", "AAP"]);
    expect(await text(path)).toContain("kept");
  });

  test("is deleted and had back, by another name where its own was given away", async () => {
    const path = await make("Core", "AAPL");
    expect(await sent(`${path}/delete`)).toEqual([303, "/watchlists?deleted=1"]);
    expect(await text("/watchlists?deleted=1")).toContain("“Core” was deleted.");
    expect((await dashboard.app.request(path)).status).toBe(404);
    await make("core");
    await sent(`${path}/restore`);
    expect(await text(path)).toContain("Core (restored)");
    expect(await watched(path)).toEqual(["AAPL"]);
  });

  test("is put before the others, so that stars are for it", async () => {
    await make("One");
    const second = await make("Two");
    await sent(`${second}/first`);
    await sent("/watchlists/star", { ticker: "AAPL" });
    expect(await watched(second)).toEqual(["AAPL"]);
    expect(await watched("/watchlists")).toEqual(["AAPL"]);
  });

  test("refuses what it cannot take, and keeps what was typed", async () => {
    const path = await make("Core");
    for (const [at, fields, words] of [
      ["/watchlists", { name: "CORE" }, "There is a watchlist called “CORE” already."],
      ["/watchlists", { name: " " }, "A watchlist needs a name."],
      [`${path}/add`, { ticker: "NONE" }, "No ticker"],
    ] as const) {
      const response = await dashboard.post(at, { ...fields });
      expect([409, 422]).toContain(response.status);
      const page = await response.text();
      expect(page).toContain(words);
      expect(page).toContain(`value="${Object.values(fields)[0]?.trim()}"`);
    }
    expect(await sent(`${path}/take`, { ticker: "AAPL" })).toEqual([404, null]);
  });

  test("goes on along a rename, and knows a security by either label", async () => {
    await dashboard.sql`create table public.dim_tickers as select 'AAP'::text as ticker, 's-1'::text as security_id`;
    await dashboard.sql`create table public.dim_ticker_periods (ticker text, security_id text)`;
    await dashboard.sql`
      create table public.dim_securities as select 's-1'::text as security_id, 'AAP'::text as ticker, 'Advance'::text as name`;
    try {
      const path = await make("Core", "AAP");
      await dashboard.sql`update public.dim_securities set ticker = 'NEWA'`;
      await dashboard.sql`insert into public.dim_tickers values ('NEWA', 's-1')`;
      expect(await watched(path)).toEqual(["NEWA"]);
      expect(await text(path)).toContain("was AAP");
      await sent(`${path}/add`, { ticker: "NEWA" });
      expect(await watched(path)).toEqual(["NEWA"]);
      await sent(`${path}/take`, { ticker: "NEWA" });
      expect(await watched(path)).toEqual([]);
    } finally {
      await dashboard.sql`drop table public.dim_tickers, public.dim_ticker_periods, public.dim_securities`;
    }
  });
});

describe("a saved screen", () => {
  const query = "rsi_14_max=30&type=CS";

  test("is kept by a name, listed in words, renamed, deleted and had back", async () => {
    expect(await sent("/screens", { name: "Cheap", query })).toEqual([303, `/screener?${query}`]);
    const page = await text("/screens");
    expect(page).toContain("type CS, RSI 14 at most 30");
    await sent("/screens/1/name", { name: "Low" });
    expect(await sent("/screens/1/delete")).toEqual([303, "/screens?deleted=1"]);
    expect(await text("/screens?deleted=1")).toContain("“Low” was deleted.");
    await sent("/screens/1/restore");
    expect(await text("/screens")).toContain(">Low</a>");
    expect(await deeds()).toEqual(["screen.create", "screen.change", "screen.delete", "screen.restore"]);
    expect(await text("/activity")).toContain("saved the screen");
  });

  test("whose name is taken is asked for again, with what it looks for", async () => {
    await sent("/screens", { name: "Cheap", query });
    const response = await dashboard.post("/screens", { name: "cheap", query: "rsi_14_max=20" });
    expect(response.status).toBe(409);
    expect(await response.text()).toMatch(/name="query" value="rsi_14_max=20".*value="cheap"/s);
  });

  test("is found in the palette, as a watchlist is", async () => {
    await sent("/screens", { name: "Cheap", query });
    await sent("/watchlists", { name: "Chemicals" });
    const html = await (await dashboard.fragment("/search?q=che", "div#palette-results")).text();
    expect(html).toContain('data-href="/watchlists/1"');
    expect(html).toContain('data-href="/screener?rsi_14_max=30&amp;type=CS"');
  });
});
