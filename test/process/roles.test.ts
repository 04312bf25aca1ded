import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Sql } from "../../db/client.ts";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { settle } from "../support/pipeline.ts";
import { type S3Server, startS3 } from "../support/s3.ts";
import { until } from "../support/until.ts";
import { marketSize, season } from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom } from "./support.ts";

let database: TestDatabase;
let s3: S3Server;
let market: FaultyMarket;
const processes: BarlineProcess[] = [];
let web: BarlineProcess;
let worker: BarlineProcess;

const start = async (roles: string): Promise<BarlineProcess> => {
  const process = await startBarline({
    ...fetchingFrom(market),
    ...{ DATABASE_URL: database.url, ROLES: roles },
    ...{ S3_BUCKET: "bars", S3_ENDPOINT: s3.endpoint },
    ...{ S3_ACCESS_KEY_ID: s3.accessKeyId, S3_SECRET_ACCESS_KEY: s3.secretAccessKey },
  });
  processes.push(process);
  return process;
};

beforeAll(async () => {
  [database, s3, market] = await Promise.all([
    createTestDatabase({ empty: true }),
    startS3(),
    startFaultyMarket({ tickers: marketSize }),
  ]);
  [web, worker] = await Promise.all([start("web"), start("schedule,work,sweep")]);
}, 120_000);

afterAll(async () => {
  await Promise.all(processes.map((one) => one.stop()));
  await Promise.all([market.stop(), s3.stop(), database.drop()]);
}, 60_000);

const ownerOf = async (sql: Sql, { pid }: BarlineProcess): Promise<string> => {
  const [row] = await sql<{ owner: string }[]>`select owner from barline.processes where pid = ${pid}`;
  return row?.owner ?? "";
};

const post = async (path: string, body: unknown): Promise<{ status: number; text: string }> => {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${web.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, text: await answer.text() };
};

test("a process for pages does no work and leads nothing; one without them answers its probes alone", async () => {
  const { sql } = database;
  await backfillByApi(web.url, season.from, season.to);
  await settle(sql, 60_000);
  const owner = await ownerOf(sql, web);
  expect([...(await sql`select from barline.tries where owner = ${owner}`)]).toEqual([]);
  expect([...(await sql`select roles, workers, leader from barline.processes where owner = ${owner}`)]).toEqual([
    { roles: ["web"], workers: 0, leader: false },
  ]);
  const [worked] = await sql<{ tries: number }[]>`
    select count(*)::int as tries from barline.tries where owner = ${await ownerOf(sql, worker)} and state = 'success'`;
  expect(worked?.tries).toBeGreaterThan(0);
  const status = async (path: string) => (await fetch(`${worker.url}${path}`)).status;
  expect(await Promise.all(["/healthz", "/readyz", "/metrics"].map(status))).toEqual([200, 200, 200]);
  expect(await Promise.all(["/", "/api/status", "/sweeps", "/assets/none.css"].map(status))).toEqual([
    ...[404, 404, 404, 404],
  ]);
  expect(await (await fetch(`${worker.url}/`)).text()).toContain("ROLES=schedule,work,sweep");
}, 120_000);

const backtest = {
  ...{ strategy: "cross_sectional_momentum", from: season.from, to: season.to },
  params: { lookback: 5, skip: 0, holdings: 3 },
};

test("a backtest over the universe is run where sweeps are, and one that cannot be is refused at its field", async () => {
  const { status, text } = await post("/api/backtests", backtest);
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ scenario: { ticker: null }, metrics: { trades: expect.any(Number) } });
  const refused = await post("/api/backtests", { ...backtest, from: "2030-01-02", to: "2030-02-01" });
  expect(refused).toMatchObject({ status: 422 });
  expect(JSON.parse(refused.text).error).toMatchObject({ code: "invalid", field: "from" });
}, 60_000);

const sweep = {
  ...{ strategy: "momentum", ticker: "", from: season.from, to: season.to },
  params: {
    ...{ shortWindow: { from: 2, to: 11 }, longWindow: { from: 12, to: 21 } },
    ...{ rsiPeriod: { from: 2, to: 11 }, rsiOverbought: { from: 1, to: 99 } },
  },
};
const points = 99_000;

type Ended = { state: string; error: string | null; done: number; result: unknown; maps: Uint8Array };

const ended = async (id: number): Promise<Ended> =>
  await until("the sweep has ended", async () => {
    const [row] = await database.sql<Ended[]>`
      select state, error, done, result, maps from barline.sweeps where id = ${id} and finished_at is not null`;
    return row;
  });

test("a sweep whose process is killed in the middle is taken over by another, and finds what it would have found", async () => {
  const { sql } = database;
  const [first] = await sql<{ ticker: string }[]>`
    select ticker from public.fct_polygon__stock_bars_performance group by ticker order by count(*) desc, ticker limit 1`;
  const asked = { ...sweep, ticker: first?.ticker };
  await start("sweep");
  const begin = async (): Promise<number> => {
    const { status, text } = await post("/api/sweeps", asked);
    expect([status, text]).toEqual([201, expect.any(String)]);
    return JSON.parse(text).id;
  };
  const id = await begin();
  const holder = await until("it is under way", async () => {
    const [row] = await sql<{ pid: number }[]>`
      select pid from barline.sweeps join barline.research_pieces on sweep_id = sweeps.id and kind = 'sweep'
      join barline.processes on owner = lease_owner where sweeps.id = ${id} and done > 0`;
    return row?.pid;
  });
  const victim = processes.find(({ pid }) => pid === holder);
  expect(victim).toBeDefined();
  await victim?.end("SIGKILL");
  const after = await ended(id);
  expect(after).toMatchObject({ state: "success", error: null, done: points });
  const [left] = await sql<{ losses: number }[]>`select count(*)::int as losses from barline.research_pieces`;
  expect(left?.losses).toBe(0);
  expect(await ended(await begin())).toEqual(after);
}, 180_000);

test("without a process that takes sweeps, the pages say so and nothing hangs", async () => {
  const { sql } = database;
  await Promise.all(processes.filter((one) => one !== web && one.isAlive()).map((one) => one.end("SIGTERM")));
  await sql`update barline.processes set heartbeat_at = now() - interval '1 hour' where pid <> ${web.pid}`;
  const { status, text } = await post("/api/backtests", backtest);
  expect([status, JSON.parse(text).error.message]).toEqual([503, expect.stringContaining("ROLES=sweep")]);
  const [one] = await sql<{ ticker: string }[]>`select ticker from public.fct_polygon__stock_bars_performance limit 1`;
  const begun = await post("/api/sweeps", { ...sweep, ticker: one?.ticker });
  expect(begun.status).toBe(201);
  const pages = ["/", "/system", "/sweeps", `/sweeps/${JSON.parse(begun.text).id}`];
  for (const path of pages) {
    expect(await (await fetch(`${web.url}${path}`)).text()).toContain("No process takes sweeps");
  }
  const system = (await (await fetch(`${web.url}/api/system`)).json()) as { missingRoles: string[] };
  expect(system.missingRoles).toEqual(["schedule", "work", "sweep"]);
}, 60_000);
