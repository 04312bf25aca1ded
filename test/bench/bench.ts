import { chmod, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPool, type Sql } from "../../db/client.ts";
import { startEmbeddedPostgres } from "../../db/embedded.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type BacktestReport, measureBacktests } from "./backtests.ts";
import { type BarlineProcess, startBarline } from "./barline.ts";
import { type Floor, measureFloor } from "./floor.ts";
import { type HistoryReport, measureHistory, medianOfThree, seedHistory } from "./history.ts";
import { type BenchMarket, findMarket, makeMarket } from "./market.ts";
import { residentBytes, treeBytes, watchMemory } from "./memory.ts";
import { measureEvents } from "./operations.ts";
import { startReaders } from "./readers.ts";
import type { Report } from "./report.ts";
import {
  type PublishedTotals,
  readLatency,
  readPublishedTotals,
  readRawTotals,
  readStages,
  readTaskTimes,
  type TableTotals,
} from "./stages.ts";

export type BenchOptions = {
  folder: string;
  tickers: number;
  sessions: number;
  workers: number;
  encoding: "gzip" | "identity";
  reruns: number;
  /** Readers of the overview during the backfill; any at all take their share of the machine from the other figures. */
  readers: number;
  /** Events that latency is measured with, on jobs that do nothing. */
  events: number;
  idleSeconds: number;
  /** Years of history that a full refresh and the next session are measured on besides; 1: none. */
  years: number;
  machine: { cpus: number; memoryBytes: number; runtime: string };
  /** Tells the person who waits what goes on. */
  say(line: string): void;
};

const apiKey = "bench-key";
const barlineIntervalMs = 100;
/** The kernel walks all shared pages of each server process for it: twice a second took a tenth of a core. */
const postgresIntervalMs = 2000;

/** What Barline did, and what was found in its database. */
type Measured = Pick<Report, "pipeline" | "nextSessionSeconds" | "calls" | "latencyMs" | "memoryBytes" | "overview"> & {
  raw: TableTotals;
  published: PublishedTotals;
};

/** Makes the market, lets Barline work, then measures the floor on the same server with Barline gone. */
export async function runBench(options: BenchOptions): Promise<Report> {
  const { folder, say } = options;
  const dataDir = join(folder, "data");
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir);
  await chmod(dataDir, 0o755);
  const marketFolder = join(folder, "market");
  say("making the market");
  const market = (await findMarket(marketFolder, options)) ?? (await makeMarket(marketFolder, options));
  await chmod(marketFolder, 0o755);
  const measured = await measureBarline(options, market, dataDir);
  say("measuring the floor");
  const server = await startEmbeddedPostgres({ dataDir });
  let report: Omit<Report, "eventsMs" | "history" | "backtests">;
  let eventsMs: Report["eventsMs"];
  try {
    const { floor, published } = await measureFloor(server.url, market);
    report = makeReport(options, market, measured, floor, published);
    eventsMs = await measureEvents(options);
  } finally {
    await server.stop();
  }
  const history = options.years > 1 ? await measureYears(options, market, dataDir) : null;
  return { ...report, eventsMs, history, backtests: await measureTests(options, dataDir) };
}

/** Backtests on all that was published, with Barline gone. */
async function measureTests({ workers, say }: BenchOptions, dataDir: string): Promise<BacktestReport> {
  const server = await startEmbeddedPostgres({ dataDir });
  try {
    return await measureBacktests({ url: server.url, workers, say });
  } finally {
    await server.stop();
  }
}

/** Puts the earlier years in, then lets Barline build all of it anew and add the next session. */
async function measureYears(options: BenchOptions, market: BenchMarket, dataDir: string): Promise<HistoryReport> {
  const { years, say } = options;
  say(`putting ${years - 1} earlier years in`);
  const server = await startEmbeddedPostgres({ dataDir });
  let rows: number;
  try {
    const sql = openPool(server.url, "work", { max: 2 });
    rows = await seedHistory(sql, { years, without: market.next });
    await sql.end();
  } finally {
    await server.stop();
  }
  say(`building ${years} years anew`);
  return await withBarline(options, market, dataDir, async (running) => {
    const { barline, work: sql } = running;
    return await measureHistory(
      sql,
      { years, rows, session: market.next },
      {
        fullRefresh: async () => {
          const since = new Date();
          await barline.fullRefresh();
          await barline.idle();
          return (await readStages(running.sql, since)).find(({ job }) => job === jobIds.transform)?.busy ?? Number.NaN;
        },
        addSession: () => addSession(running, market.next),
        watchPostgres: () => watchMemory(() => treeBytes(running.postmaster), postgresIntervalMs),
        watchBarline: () => watchMemory(() => residentBytes(barline.pid), barlineIntervalMs),
      },
    );
  });
}

async function measureBarline(options: BenchOptions, market: BenchMarket, dataDir: string): Promise<Measured> {
  return await withBarline(options, market, dataDir, async (running) => {
    const measured = await work(options, market, running);
    const calls = (await (await fetch(`${running.marketUrl}/calls`)).json()) as Record<string, number>;
    return { ...measured, calls };
  });
}

type Running = {
  barline: BarlineProcess;
  /** Reads as Barline's pages do; `work` may change what is there. */
  sql: Sql;
  work: Sql;
  postmaster: number;
  marketUrl: string;
};

/** Starts the market and Barline, and stops both when `measure` is done with them. */
async function withBarline<T>(
  options: BenchOptions,
  market: BenchMarket,
  dataDir: string,
  measure: (running: Running) => Promise<T>,
): Promise<T> {
  const endpoint = await startEndpoint(market.folder, options.encoding);
  const startDate = market.sessions[0] ?? market.next;
  const start = { dataDir, marketUrl: endpoint.url, apiKey, startDate, workers: options.workers };
  let barline: BarlineProcess | undefined;
  const pools: Sql[] = [];
  try {
    options.say("starting Barline");
    barline = await startBarline(start);
    const url = (await readFile(join(dataDir, "postgres.url"), "utf8")).trim();
    const [sql, work] = [openPool(url, "read", { max: 2 }), openPool(url, "work", { max: 2 })];
    pools.push(sql, work);
    const [pid] = (await readFile(join(dataDir, "postgres", "postmaster.pid"), "utf8")).split("\n");
    return await measure({ barline, sql, work, postmaster: Number(pid), marketUrl: endpoint.url });
  } finally {
    await Promise.all(pools.map((pool) => pool.end()));
    await barline?.stop();
    endpoint.stop();
  }
}

async function work(options: BenchOptions, market: BenchMarket, running: Running): Promise<Omit<Measured, "calls">> {
  const { barline, sql, postmaster } = running;
  const { say } = options;
  const barlineMemory = watchMemory(() => residentBytes(barline.pid), barlineIntervalMs);
  const postgresMemory = watchMemory(() => treeBytes(postmaster), postgresIntervalMs);
  const last = market.sessions.at(-1) ?? market.next;
  try {
    say("backfilling the year");
    const since = new Date();
    const readers = options.readers > 0 ? startReaders(`${barline.url}/`, options.readers) : undefined;
    await barline.backfill(market.sessions[0] ?? last, last);
    await barline.idle();
    const overview = (await readers?.stop()) ?? null;
    const stages = await readStages(sql, since);
    const tasks = await readTaskTimes(sql, since);
    const wallSeconds = stages.find((stage) => stage.job === jobIds.transform)?.to ?? Number.NaN;
    const raw = await readRawTotals(sql, last);
    const published = await readPublishedTotals(sql, last);
    say("adding the next session, then running it again and again");
    await addSession(running, market.next);
    const nextSessionSeconds = await medianOfThree(running.work, market.next, () => addSession(running, market.next));
    for (let again = 0; again < options.reruns; again += 1) await addSession(running, market.next);
    const latencyMs = await readLatency(sql, jobIds);
    say("waiting for Barline to rest");
    await Bun.sleep(Math.max(options.idleSeconds * 1000, 2 * barlineIntervalMs));
    const memoryBytes = {
      barlinePeak: barlineMemory.peak(),
      barlineIdle: barlineMemory.latest(),
      postgresPeak: postgresMemory.peak(),
    };
    const rowsPerSecond = raw.rows / wallSeconds;
    const pipeline = { wallSeconds, rowsPerSecond, stages, tasks };
    return { pipeline, nextSessionSeconds, latencyMs, memoryBytes, overview, raw, published };
  } finally {
    barlineMemory.stop();
    postgresMemory.stop();
  }
}

/** Seconds from the request to the end of the transform. */
async function addSession({ barline, sql }: Running, session: string): Promise<number> {
  const since = new Date();
  await barline.runSession(session);
  await barline.idle();
  const stages = await readStages(sql, since);
  return stages.find((stage) => stage.job === jobIds.transform)?.to ?? Number.NaN;
}

async function startEndpoint(folder: string, encoding: string): Promise<{ url: string; stop(): void }> {
  const entry = fileURLToPath(new URL("endpoint.ts", import.meta.url));
  const child = Bun.spawn([process.execPath, entry, "--folder", folder, "--key", apiKey, "--encoding", encoding], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  for await (const chunk of child.stdout) {
    return { url: new TextDecoder().decode(chunk).trim(), stop: () => child.kill() };
  }
  throw new Error("The local endpoint did not start.");
}

function makeReport(
  options: BenchOptions,
  market: BenchMarket,
  { raw, published, ...measured }: Measured,
  floor: Floor,
  byHand: PublishedTotals,
): Omit<Report, "eventsMs" | "history" | "backtests"> {
  const { tickers, sessions, encoding, workers, machine } = options;
  const problems: string[] = [];
  const check = (what: string, found: unknown, wanted: unknown) => {
    if (!Bun.deepEquals(found, wanted))
      problems.push(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  };
  check("raw bars", { ...raw }, market.totals);
  check("published rows", { ...published }, { ...byHand });
  check("published row count", published.rows, market.totals.rows);
  return {
    market: { tickers, sessions, rows: market.totals.rows, encoding },
    machine: { ...machine, workers },
    ...measured,
    floor,
    ratioToFloor: measured.pipeline.wallSeconds / floor.total,
    problems,
  };
}
