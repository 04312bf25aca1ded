import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addMartSample } from "./sample.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addMartSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

const text = async (path: string) => (await dashboard.app.request(path)).text();

/** The symbols of one list of movers, in its order. */
async function movers(query: string, list: string): Promise<string[]> {
  const page = await text(`/market?${query}`);
  const part = page.split(`id="movers-${list}"`)[1]?.split("</section>")[0] ?? "";
  return [...part.matchAll(/class="symbol" href="\/tickers\/([\w.]+)"/g)].map(([, symbol]) => symbol ?? "");
}

describe("the market page", () => {
  test("before anything is published says so, and has no data to give", async () => {
    const fresh = await openDashboard();
    const page = await fresh.app.request("/market");
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("breadth is not published yet");
    for (const path of ["/market/breadth.json", "/market/breadth.csv"]) {
      expect((await fresh.app.request(path)).status).toBe(404);
    }
    await fresh.close();
  });

  test("counts the newest session", async () => {
    const page = await text("/market");
    expect(page).toContain("Tue 9 Jan 2024");
    expect(page).toMatch(/Advancing<\/dt><dd><span class="up">2</);
    expect(page).toMatch(/Declining<\/dt><dd><span class="down">1</);
    expect(page).toMatch(/Unchanged<\/dt><dd>1</);
  });

  test("draws its figures without a script, and has the numbers in a table", async () => {
    const page = await text("/market?range=all");
    expect(page.match(/<path class="line (up|down|ma50|ma120)" d="M/g)?.length).toBeGreaterThanOrEqual(4);
    expect(page).toContain('<a href="/screener?date=2020-03-16">16 Mar 2020</a>');
    expect(page).toContain('data-source="/market/breadth.json?from=2020-03-13&amp;to=2024-01-09"');
  });

  test("shows the range that its address asks for, and a year where it asks for none", async () => {
    expect(await text("/market")).not.toContain("16 Mar 2020");
    expect(await text("/market?range=5y")).toContain("16 Mar 2020");
    expect(await text("/market?range=5y&min=5k&type=CS")).toContain('href="/market?range=all&amp;min=5k&amp;type=CS"');
    expect((await dashboard.app.request("/market?range=forever")).status).toBe(200);
  });

  test("lists what moved most among what traded enough", async () => {
    expect(await movers("", "gainers")).toEqual(["AAPL"]);
    expect(await movers("", "losers")).toEqual(["BRK.B"]);
    expect(await movers("", "active")).toEqual(["BRK.B", "AAPL", "EVIL"]);
    expect(await movers("min=5000", "gainers")).toEqual(["NEWT", "AAPL"]);
    expect(await movers("min=100M&type=CS", "active")).toEqual(["BRK.B", "AAPL"]);
    expect(await movers("min=1B", "gainers")).toEqual([]);
  });

  test("leads from each list to the same screen", async () => {
    const page = await text("/market?min=5000");
    const url = /href="(\/screener\?[^"]+sort=-return_1d)"/.exec(page)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const screen = await text(url);
    expect(screen.indexOf("/tickers/NEWT")).toBeLessThan(screen.indexOf("/tickers/AAPL"));
    expect(screen).toContain("<b>4 tickers</b>");
  });

  test("says what it cannot take for an amount, as text, and answers htmx with the lists alone", async () => {
    const attack = encodeURIComponent(`<script>alert("x")</script>`);
    const part = await (await dashboard.fragment(`/market?min=${attack}&type=${attack}`, "div#movers-lists")).text();
    expect(part).toStartWith('<div id="movers-lists"');
    expect(part).toContain("is no amount such as 1000000 or 1M");
    for (const shown of [
      part,
      await text(`/market?min=${attack}&type=${attack}&range=${attack}`),
      await text("/market"),
    ]) {
      expect(shown).not.toMatch(/<script>|<img|alert\("x"\)/);
    }
  });
});

describe("the market's data", () => {
  test("is the range in columns, and the same as a file", async () => {
    const columns = await (await dashboard.app.request("/market/breadth.json?from=2020-03-16&to=2020-12-31")).json();
    expect(columns).toMatchObject({
      date: ["2020-03-16"],
      advancing: [0],
      declining: [3],
      newHighs: [null],
      newLows: [null],
    });
    const [header, first] = (await text("/market/breadth.csv?from=2020-03-16&to=2020-12-31")).split("\r\n");
    expect(header).toStartWith("session,tickers,advancing,declining,unchanged,");
    expect(first).toStartWith("2020-03-16,4,0,3,1,,,");
    expect((await dashboard.app.request("/market/breadth.csv?from=soon")).status).toBe(422);
  });
});

describe("sectors", () => {
  /** Publishes a model of the people's own that says of tickers what they are; listed as keyed by ticker. */
  async function publishSectors(relation: string, column: string, rows: [ticker: string, sector: string | null][]) {
    const { sql } = dashboard;
    await sql`create table public.${sql(relation)} as
      select * from unnest(${rows.map(([ticker]) => ticker)}::text[], ${rows.map(([, sector]) => sector)}::text[])
        as rows (ticker, ${sql(column)})`;
    await sql`
      insert into barline.workspace_relations (name, schema, relation, grain, description, columns, group_name, published_at)
      values (${relation}, 'public', ${relation}, 'ticker', '', '[]', ${relation}, now())`;
  }

  test("are mapped and listed where a model of the people's own knows them, and only then", async () => {
    expect(await text("/market")).not.toContain('id="sectors"');
    await publishSectors("my_industries", "industry", [["AAPL", "Phones"]]);
    expect(await text("/market")).toContain(">Industries</h2>");
    await publishSectors("my_sectors", "sector", [
      ["AAPL", "Technology"],
      ["AAPL", "Technology"],
      ["BRK.B", "<b>Insurance</b>"],
      ["EVIL", null],
    ]);
    const page = await text("/market");
    expect(page).toContain(">Sectors</h2>");
    expect(page).toContain("by the model my_sectors");
    expect(page).toMatch(/<th scope="row">Technology<\/th><td class="number">1<\/td>/);
    expect(page).toContain("&lt;b&gt;Insurance&lt;/b&gt;");
    expect(page).toMatch(/class="sector-tile up-3"[^>]*><title>Technology: \+2\.00%, 150\.00M dollars/);
  });

  test("that cannot be read are said to be, and the market is shown", async () => {
    const { sql } = dashboard;
    await sql`drop table public.my_sectors`;
    await sql`create view public.my_sectors as select 'AAPL'::text as ticker, (1 / (random() * 0)::int)::text as sector`;
    const page = await text("/market");
    expect(page).toContain("The model my_sectors could not be read in time, or not at all.");
    expect(page).toContain("Net advances");
    await sql`drop view public.my_sectors`;
    expect(await text("/market")).toContain(">Industries</h2>");
  });
});

test("net advances are summed from the first session of the range", async () => {
  const { net, cumulative } = await (await dashboard.app.request("/market/breadth.json")).json();
  expect(net.slice(0, 2)).toEqual([0, -3]);
  expect(cumulative).toEqual(
    net.map((_: number, at: number) => net.slice(0, at + 1).reduce((a: number, b: number) => a + b, 0)),
  );
});
