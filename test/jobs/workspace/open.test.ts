import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { evaluate } from "../../../jobs/alerts/evaluate.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { prepareWorkspace } from "../../../jobs/workspace/scaffold.ts";
import { type FaultyMarket, startFaultyMarket } from "../../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../../support/pipeline.ts";
import { until } from "../../support/until.ts";
import { marketSize, season } from "../../support/warehouse.ts";

setDefaultTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "barline-workspace-"));
let tick = () => {};
let market: FaultyMarket;
let pipeline: TestPipeline;

beforeAll(async () => {
  prepareWorkspace(folder, pino({ level: "silent" }));
  market = await startFaultyMarket({ tickers: marketSize });
  pipeline = await startTestPipeline({
    market,
    settings: { startDate: season.from },
    workspace: {
      folder,
      later: (look) => {
        tick = look;
        return () => {};
      },
    },
  });
  await pipeline.workspaceWatch.start();
});
afterAll(async () => {
  await pipeline.workspaceWatch.stop();
  await pipeline.close();
  await market.stop();
  rmSync(folder, { recursive: true, force: true });
});

const runs = () => runsOf(pipeline.sql, jobIds.workspace);
const example = (path: string) => join(folder, path);
const rename = async (path: string) => writeFileSync(example(path), await Bun.file(example(`${path}.example`)).text());

/** Looks as the timer does, until what has changed is built. */
async function afterLooks(wanted: number): Promise<void> {
  await until("the change is built", async () => {
    tick();
    return (await runs()).length >= wanted;
  });
  await pipeline.settle();
}

const alerts = () =>
  evaluate({
    sql: pipeline.sql,
    ...{
      titles: new Map(),
      channels: [],
      staleAfterHours: 4,
      startDate: season.from,
      catchup: "none",
      now: () => new Date(),
    },
  });

test("a workspace is built after each publication and each change, and makes no run while it is empty", async () => {
  await pipeline.backfill(season.from, "2018-08-31");
  await pipeline.settle();
  expect(await runs()).toEqual([]);
  expect(await pipeline.workspace()).toMatchObject({ problem: null, groups: [] });

  for (const path of [
    "models/z_score.sql",
    "models/z_score.yml",
    "tests/z_scores_are_plausible.sql",
    "dbt_project.yml",
  ])
    await rename(path);
  await afterLooks(1);
  expect((await runs()).map(({ state, trigger, summary }) => [state, trigger, summary])).toEqual([
    ["success", "manual", { groups: 1, published: 1, failed: 0, waiting: 0 }],
  ]);
  const before = await pipeline.sql`select count(*)::int as rows, max(trade_date) as newest from public.z_score`;
  expect(before[0]?.newest).toBe("2018-08-31");

  await pipeline.backfill("2018-09-04", "2018-09-14");
  await pipeline.settle();
  const [after] =
    await pipeline.sql`select max(trade_date) as newest, count(z_score)::int as scores from public.z_score`;
  expect(after?.newest).toBe("2018-09-14");
  expect(after?.scores).toBeGreaterThan(0);
  expect((await runs()).at(-1)?.trigger).toBe("dataset");

  const count = (await runs()).length;
  writeFileSync(example("models/z_score.sql"), "select nonsense from {{ ref('dim_securities') }}");
  await afterLooks(count + 1);
  const [group] = (await pipeline.workspace()).groups;
  expect(group).toMatchObject({ name: "z_score", state: "failed", fault: { file: "models/z_score.sql" } });
  expect((await alerts()).opened.map(({ key }) => key)).toEqual(["workspace_failed:z_score"]);
  expect((await alerts()).opened).toEqual([]);

  await rename("models/z_score.sql");
  await afterLooks(count + 2);
  expect((await pipeline.workspace()).groups[0]?.state).toBe("published");
  expect((await alerts()).recovered.map(({ key }) => key)).toEqual(["workspace_failed:z_score"]);
  expect((await runsOf(pipeline.sql)).filter(({ state }) => state !== "success")).toEqual([]);
});

test("every example builds", async () => {
  const count = (await runs()).length;
  for (const path of [
    "seeds/sectors.csv",
    "seeds/sectors.yml",
    "snapshots/sector_history.sql",
    "macros/percent_change.sql",
  ])
    await rename(path);
  await afterLooks(count + 1);
  expect((await pipeline.workspace()).groups.map(({ name, state }) => `${name}: ${state}`)).toEqual([
    "sector_history: published",
    "z_score: published",
  ]);
});
