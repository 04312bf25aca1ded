import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { sampleMarket } from "../../../../server/backtest/checks/sample-market.ts";
import type { OwnStrategies } from "../../../../server/research/workspace/found.ts";
import { createOwnStrategies } from "../../../../server/research/workspace/own.ts";
import { type Dashboard, now, openDashboard, openingMs } from "../../dashboard.ts";
import { createTestApp, type TestApp } from "../../support.ts";
import { publishMarket } from "../backtests/universe-market.ts";
import { strategyFile, zScore } from "./files.ts";

const dir = mkdtempSync(join(tmpdir(), "barline-own-requests-"));
const write = (name: string, text: string) => writeFileSync(join(dir, name), text);

let own: OwnStrategies;
let dashboard: Dashboard;
let api: TestApp;
beforeAll(async () => {
  write("z-score.ts", zScore);
  write("prophet.ts", strategyFile({ id: "prophet", decide: "at(close, session + 1) > at(close, session) ? 1 : 0" }));
  write("bad.ts", 'import { z } from "barline";\nexport default z.nothing.here;');
  // Loops on bars of more sessions than the checks have.
  write("loops.ts", strategyFile({ id: "loops", decide: "(() => { while (close.length > 1000); return 1; })()" }));
  write(
    "laggard.ts",
    `import { at, defineUniverseStrategy, sessions, z } from "barline";
     export default defineUniverseStrategy({
       id: "laggard", name: "Laggard", description: "What fell most.",
       parameters: z.strictObject({ lookback: sessions(1, 21, "Sessions."), holdings: z.int().min(1).max(50).default(5) }),
       lags: ({ lookback }) => [lookback], holdings: ({ holdings }) => holdings,
       minimums: () => ({ price: 0, dollarVolume: 0 }),
       score: ({ close, returns: [since = close] }) => close.map((_, row) => -at(since, row)),
     });`,
  );
  own = createOwnStrategies({
    ...{ dir, log: pino({ level: "silent" }), now: () => now },
    limits: { answerMs: 2500, memory: 2 ** 31 },
  });
  dashboard = await openDashboard({}, own);
  await publishMarket(dashboard.sql, sampleMarket(40, 1100));
  api = createTestApp({ read: dashboard.sql });
  await own.look();
}, openingMs);
afterAll(async () => {
  await own.stop();
  await dashboard.close();
  rmSync(dir, { recursive: true });
});

const ticker = "T005";
const page = async (path: string) => (await dashboard.app.request(path)).text();

describe("a strategy of a file", () => {
  test("is in the API's document while it is there", async () => {
    const document = await (await api.get("/api/openapi.json")).text();
    expect(document).toContain('"z_score"');
    expect(document).toContain("Deviations below the average to buy at.");
    expect(document).not.toContain('"gone_soon"');
    write("soon.ts", strategyFile({ id: "gone_soon" }));
    await own.look();
    expect(await (await api.get("/api/openapi.json")).text()).toContain('"gone_soon"');
    rmSync(join(dir, "soon.ts"));
    await own.look();
    expect(await (await api.get("/api/openapi.json")).text()).not.toContain('"gone_soon"');
  });

  test("runs by the API, and the same again from its scenario", async () => {
    const request = { ticker, strategy: "z_score", params: { window: 10 } };
    const first = await (await api.send("POST", "/api/backtests", request)).json();
    expect(first.scenario).toMatchObject({ strategy: "z_score", params: { window: 10, threshold: 1 } });
    expect(first.trades.length).toBeGreaterThan(3);
    const { from: _, ...again } = await (await api.send("POST", "/api/backtests", first.scenario)).json();
    expect(again).toEqual(first);
  });

  test.each([
    [{ params: { window: 1 } }, "params.window", "`params.window` has to be a whole number from 2, up to 1000."],
    [{ params: { windw: 5 } }, "params.windw", "Did you mean `window`?"],
    [{ strategy: "z_scor" }, "strategy", "Did you mean z_score?"],
  ])("is refused by name what it does not take: %j", async (changes, field, message) => {
    const answer = await api.send("POST", "/api/backtests", { ticker, strategy: "z_score", ...changes });
    expect(answer.status).toBe(422);
    const { error } = await answer.json();
    expect(error).toMatchObject({ code: "invalid", field });
    expect(error.message).toContain(message);
  });

  test("that loops is answered within its limit, in words, and the next is run", async () => {
    const answer = await api.send("POST", "/api/backtests", { ticker, strategy: "loops" });
    expect(answer.status).toBe(422);
    const { error } = await answer.json();
    expect(error).toMatchObject({ code: "strategy_failed", field: "strategy" });
    expect(error.message).toContain("did not answer within 2.5 seconds");
    const form = await dashboard.app.request(`/backtest?strategy=loops&ticker=${ticker}`);
    expect(form.status).toBe(422);
    expect(await form.text()).toContain("did not answer within 2.5 seconds");
    expect((await api.send("POST", "/api/backtests", { ticker, strategy: "z_score" })).status).toBe(200);
  }, 30_000);

  test("may choose from all tickers", async () => {
    const answer = await api.send("POST", "/api/backtests", { strategy: "laggard", params: { holdings: 3 } });
    expect(answer.status).toBe(200);
    expect((await answer.json()).trades.length).toBeGreaterThan(3);
    expect(await page("/backtest?strategy=laggard")).toContain("No look-ahead");
  });

  test("is in the forms with its fields, and its run has its pane and its checks", async () => {
    const form = await page("/backtest");
    expect(form).toContain('name="z_score.threshold"');
    expect(form).toContain("<code>z-score.ts</code>");
    expect(await page("/sweeps")).toContain('name="z_score.window" value="10 to 40 by 2"');
    const run = await page(`/backtest?strategy=z_score&ticker=${ticker}`);
    expect(run).toContain("Z-score 20");
    expect(run).toContain("No look-ahead");
    expect(await page(`/backtest?strategy=prophet&ticker=${ticker}`)).toContain("Looks ahead");
  });

  test("stands on the page of strategies with what the checks said, and what is broken with its line", async () => {
    const text = (await page("/strategies")).replaceAll(/<[^>]+>/g, "");
    expect(text).toContain("Z-score");
    expect(text).toContain("Looks ahead");
    expect(text).toMatch(/bad\.ts\s*Broken\s*line 2:\s*undefined is not an object/);
  });

  test("is swept in workers of its own, also one that chooses from all tickers", async () => {
    for (const asked of [
      { ticker, strategy: "z_score", params: { window: { from: 5, to: 20, step: 5 } } },
      { strategy: "laggard", params: { lookback: [5, 21], holdings: 3 } },
    ]) {
      const form = new URLSearchParams({ strategy: asked.strategy, ...(asked.ticker && { ticker: asked.ticker }) });
      for (const [name, spec] of Object.entries(asked.params)) {
        form.set(
          `${asked.strategy}.${name}`,
          Array.isArray(spec) ? spec.join(", ") : typeof spec === "number" ? String(spec) : "5 to 20 by 5",
        );
      }
      const begun = await dashboard.app.request("/sweeps", { method: "POST", body: form });
      expect(begun.status).toBe(303);
      await dashboard.sweeps.idle();
      const text = await page(begun.headers.get("Location") ?? "");
      expect(text).toContain("The best points");
    }
  }, 30_000);
});

describe("a strategy whose file is gone", () => {
  test("is told on its scenario, which is shown as it was and not run again", async () => {
    write("passing.ts", strategyFile({ id: "passing" }));
    await own.look();
    const saved = await dashboard.post("/scenarios", { ticker, strategy: "passing", name: "Passing by" });
    const address = saved.headers.get("Location") ?? "";
    expect(address).toMatch(/^\/scenarios\/\d+$/);
    rmSync(join(dir, "passing.ts"));
    await own.look();
    expect(await page(address)).toContain(
      "The strategy passing is gone: no file of the workspace declares it any more.",
    );
    const again = await dashboard.post(`${address}/run`);
    expect(again.status).toBe(422);
    expect(await again.text()).toContain("The strategy passing is gone");
    expect((await dashboard.app.request("/scenarios")).status).toBe(200);
    const refused = await api.send("POST", `/api${address}/run`);
    expect(refused.status).toBe(422);
    expect((await refused.json()).error).toMatchObject({ field: "strategy" });
    write("passing.ts", "export default");
    await own.look();
    expect(await page(address)).toContain("The strategy passing is");
  });
});
