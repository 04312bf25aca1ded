import { chmodSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openPool } from "../../db/client.ts";
import { startEmbeddedPostgres } from "../../db/embedded.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { publishMarket } from "./backtest-market.ts";
import { type Measured, measureNames } from "./backtest-measures.ts";

/**
 * Times backtests: as part of `bun run bench` on the market that it made, or alone by `bun test/bench/backtests.ts` on one made by
 * formula, or on a database that is there (--database URL).
 */
export type BacktestReport = Measured & { ticker: string; tickers: number; sessions: number; bars: number };

/** Each measurement in a process of its own, so that its peak of memory is its own. */
export async function measureBacktests(options: {
  url: string;
  workers: number;
  say(line: string): void;
}): Promise<BacktestReport> {
  const { url, workers, say } = options;
  const market = await describeMarket(url);
  const found: Record<string, unknown> = {};
  for (const name of measureNames) {
    say(`measuring backtests: ${name}`);
    found[name] = await measureApart([name, url, market.ticker, String(market.sessions), String(workers)]);
  }
  return { ...market, ...(found as Measured) };
}

/** What there is, and the ticker with the longest history. */
async function describeMarket(url: string) {
  const sql = openPool(url, "work", { max: 1 });
  const [market] = await sql<{ ticker: string; tickers: number; sessions: number; bars: number }[]>`
    select
      (
        select ticker from public.fct_polygon__latest_session
        where trade_date = (select max(trade_date) from public.fct_polygon__market_breadth_daily)
        order by ticker collate "C" limit 1
      ) as ticker,
      (select count(*)::int from public.fct_polygon__latest_session) as tickers,
      count(*)::int as sessions,
      sum(tickers)::int as bars
    from public.fct_polygon__market_breadth_daily`;
  await sql.end();
  if (!market?.ticker) throw new Error("Nothing is published there.");
  return market;
}

async function measureApart(given: string[]): Promise<unknown> {
  const entry = fileURLToPath(new URL("backtest-measures.ts", import.meta.url));
  const child = Bun.spawn([process.execPath, entry, ...given], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`Measuring ${given[0]} failed.`);
  return JSON.parse(text);
}

const milliseconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const seconds = (value: number) => `${(value / 1000).toFixed(2)} s`;
const megabytes = (value: number | null) => (value === null ? "unknown" : `${(value / 1e6).toFixed(0)} MB`);

/** Rows of figure, measured and wanted, for the table of the report. */
export function backtestRows({
  engine,
  request,
  page,
  sweep,
  manyPoints,
  universe,
  ...market
}: BacktestReport): string[][] {
  const years = `${market.sessions} sessions`;
  const points = `${sweep.points.toLocaleString("en-US")} points of momentum`;
  const whole = `momentum over ${market.tickers.toLocaleString("en-US")} tickers`;
  return [
    [`one backtest of ${years}, engine only`, milliseconds(engine.times.p50), ""],
    ["the same, peak memory", megabytes(engine.peakBytes), ""],
    ["the same from request to response, p50", milliseconds(request.times.p50), ""],
    ["the same from request to response, p95", milliseconds(request.times.p95), "100 ms"],
    ["the same, peak memory", megabytes(request.peakBytes), ""],
    ["its results page, p95", milliseconds(page.times.p95), "100 ms"],
    ["its results page, peak memory", megabytes(page.peakBytes), ""],
    [`sweep of ${points}, ${sweep.workers} workers`, seconds(sweep.times.least), "1 s"],
    ["the same with the workers' start", seconds(sweep.times.first), ""],
    ["ratio to the floor: one bare pass a point", (sweep.times.least / sweep.floor).toFixed(1), ""],
    ["sweep, peak memory", megabytes(sweep.peakBytes), "500 MB"],
    [`sweep of ${manyPoints.points.toLocaleString("en-US")} points`, seconds(manyPoints.times.first), "60 s"],
    ["the same, peak memory", megabytes(manyPoints.peakBytes), "500 MB"],
    [`${whole}, first`, seconds(universe.times.first), "3 s"],
    [`${whole}, again`, seconds(universe.times.least), "3 s"],
    [`${whole}, peak memory`, megabytes(universe.peakBytes), "500 MB"],
  ];
}

/** A server with a market of that size, for as long as `work` takes. */
async function withMarket(size: { tickers: number; sessions: number }, work: (url: string) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "barline-backtests-"));
  chmodSync(folder, 0o755);
  const server = await startEmbeddedPostgres({ dataDir: folder });
  try {
    await migrateDatabase(server.url);
    const sql = openPool(server.url, "work", { max: 2 });
    await publishMarket(sql, size);
    await sql.end();
    await work(server.url);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      database: { type: "string" },
      tickers: { type: "string", default: "11000" },
      sessions: { type: "string", default: "2520" },
      workers: { type: "string", default: String(availableParallelism()) },
    },
  });
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const report = async (url: string) => {
    const rows = backtestRows(await measureBacktests({ url, workers: Number(values.workers), say }));
    for (const [figure = "", measured = "", wanted = ""] of rows) {
      process.stdout.write(`${figure.padEnd(58)}${measured.padStart(12)}${wanted.padStart(10)}\n`);
    }
  };
  if (values.database !== undefined) await report(values.database);
  else {
    say("publishing a market");
    await withMarket({ tickers: Number(values.tickers), sessions: Number(values.sessions) }, report);
  }
  process.exit();
}
