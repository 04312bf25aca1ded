import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../../dashboard.ts";
import { addMartSample } from "../../market/sample.ts";
import { addWorkspaceSample } from "../../market/workspace-sample.ts";
import { ownStrategies, ownWorkspace } from "../../own-workspace.ts";
import { registerJobs } from "../../sample.ts";

let dashboard: Dashboard;
let bare: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard({}, ownStrategies, ownWorkspace);
  bare = await openDashboard();
  await addMartSample(dashboard.sql);
  await addWorkspaceSample(dashboard.sql);
  await registerJobs(dashboard.sql);
  await dashboard.sql`insert into barline.runs (job_id, state, trigger) values ('stocks_polygon_workspace', 'success', 'manual')`;
}, openingMs);
afterAll(async () => {
  await dashboard.close();
  await bare.close();
});

const textOf = (html: string) => html.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
const page = async (path: string, of = dashboard) => await (await of.app.request(path)).text();

test("tells each group with its state, its last build, and what is wrong where", async () => {
  const html = await page("/workspace");
  const text = textOf(html);
  expect(text).toContain("/data/workspace");
  expect(text).toContain("Groups published 1 of 3");
  expect(text).toMatch(/z_score Published run 1 1 min ago , took 250 ms/);
  expect(text).toContain("models/broken.sql:3 column &lt;b&gt;x&lt;/b&gt; does not exist");
  expect(text).toMatch(/on_broken table, models\/on_broken.sql Held back/);
  expect(text).toMatch(/1 test Passed not_null_z_score_z_20d/);
  expect(text).toContain("models/torn.yml:7 is no YAML");
  expect(html).toContain('hx-trigger="every 5s"');
});

test("says which columns are offered, where, and why the others are not", async () => {
  const html = await page("/workspace");
  expect(html).toContain('href="/screener?columns=z_score.z_20d,z_score.regime,z_score.is_cheap"');
  const text = textOf(html);
  expect(text).toContain("notes , as jsonb is no number, text or boolean");
  expect(text).toContain("z score , as its name has other characters than A–Z, a–z, 0–9 and _");
});

test("tells strategies with their checks, and a broken one with its file and line", async () => {
  const html = await page("/workspace");
  expect(html).toContain('href="/backtest?strategy=mine"');
  expect(textOf(html)).toMatch(/No look-ahead .*Knows prices/);
  expect(textOf(html)).toContain("strategies/throws.ts:4 oh &lt;i&gt;no&lt;/i&gt;");
});

test("has no link that leads nowhere, and the graph has none either", async () => {
  for (const path of ["/workspace", "/graph?part=workspace"]) {
    const main = (await page(path)).split('id="main"')[1] ?? "";
    const links = [...main.matchAll(/ href="(\/[^"]*)"/g)].map(([, href = ""]) => href.replaceAll("&amp;", "&"));
    // Strategies of a fake workspace are in no list, and its job is none that the fake pipeline has.
    const own = links.filter((href) => !/^\/(api|backtest|jobs|strategies)/.test(href));
    expect(own.length).toBeGreaterThan(5);
    for (const href of new Set(own)) expect([href, (await dashboard.app.request(href)).status]).toEqual([href, 200]);
  }
});

test("shows a model of one's own with its columns, tests and SQL, and a test with what it is of", async () => {
  const model = textOf(await page("/quality/models/z_score"));
  expect(model).toContain("How unusual a close is.");
  expect(model).toMatch(/z_20d What z_20d is .*? Passed not_null/);
  expect(model).toContain("select * from public.fct_performance");
  expect(textOf(await page("/quality/models/broken"))).toContain("models/broken.sql:3: column &lt;b&gt;x");
  expect(textOf(await page("/quality/tests/not_null_z_score_z_20d"))).toContain("column z_20d");
});

test("is drawn in the graph under what it reads, with why it failed", async () => {
  const html = await page("/graph?part=workspace");
  expect(html).toContain("Your models, of the workspace");
  expect(html).toContain("<title>broken. models/broken.sql:3: column &lt;b&gt;x&lt;/b&gt; does not exist</title>");
  expect(html).toContain('<g class="node model band-2 bad">');
  // What they read directly, and not what that is made from.
  expect(html).toContain('href="/quality/models/stg_bars"');
  expect(html).not.toContain('href="/quality/models/stg_splits"');
});

test("tells who has nothing yet how to begin", async () => {
  const text = textOf(await page("/workspace", bare));
  expect(text).toContain("models/z_score.sql.example as models/z_score.sql");
  expect(text).toContain("strategies/z-score.ts.example to strategies/z-score.ts");
  expect(textOf(await page("/graph?part=workspace", bare))).toContain("Nothing of your own is there.");
});

test("refreshes itself as one part of the page", async () => {
  const part = await (await dashboard.fragment("/workspace", "div#workspace")).text();
  expect(part).toStartWith('<div id="workspace"');
  expect(part).not.toContain("<html");
});
