import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { hostile } from "../sample.ts";
import { addMartSample } from "./sample.ts";
import { addWorkspaceSample, listRelation } from "./workspace-sample.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addMartSample(dashboard.sql);
  await addWorkspaceSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

const page = async (path: string) => (await dashboard.app.request(path)).text();

/** What a page's indicators say, by their names. */
const shown = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(/<div title="([^"]*)"><dt>([^<]*)<\/dt><dd class="">([^<]*)</g)].map(([, hint, name, value]) => [
      name,
      [value, hint],
    ]),
  );

describe("a ticker's indicators", () => {
  test("have those of the people's own models, of the last session and of the ticker", async () => {
    const text = await page("/tickers/AAPL");
    expect(text).toContain("<h3>Workspace: z_score</h3>");
    expect(shown(text)).toMatchObject({
      z_20d: ["1.5", "Deviations from the average of 20 closes"],
      regime: ["up", "Which way it goes"],
      is_cheap: ["No", "The model z_score"],
      sector: ["Technology", "Of its business"],
    });
  });

  test("have dashes where a model has no row, and never what is no number or no text of ours", async () => {
    expect(shown(await page("/tickers/NEWT"))).toMatchObject({
      z_20d: ["–", expect.anything()],
      sector: ["–", expect.anything()],
    });
    expect(shown(await page("/tickers/BRK.B")).z_20d?.[0]).toBe("–");
    expect(await page("/tickers/EVIL")).not.toContain(hostile);
  });

  test("say which model cannot be read, and lose no other", async () => {
    const { sql } = dashboard;
    await sql`create view public.broken as select ticker, 1 / (length(ticker) - length(ticker)) as ratio from public.dim_tickers`;
    await listRelation(sql, "broken", "ticker", [{ name: "ratio", sqlType: "integer" }]);
    const text = await page("/tickers/AAPL");
    expect(text).toContain("broken cannot be read: division by zero.");
    expect(shown(text).z_20d?.[0]).toBe("1.5");
    await sql`delete from barline.workspace_relations where name = 'broken'`;
  });
});
