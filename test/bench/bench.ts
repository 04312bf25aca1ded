import { chmod, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPool, type Sql } from "../../db/client.ts";
import { startEmbeddedPostgres } from "../../db/embedded.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type BarlineProcess, startBarline } from "./barline.ts";
import { type Floor, measureFloor } from "./floor.ts";
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
  try {
    const { floor, published } = await measureFloor(server.url, market);
    const report = makeReport(options, market, measured, floor, published);
    return { ...report, eventsMs: await measureEvents(options) };
  } finally {
    await server.stop();
  }
}

async function measureBarline(options: BenchOptions, market: BenchMarket, dataDir: string): Promise<Measured> {
  const endpoint = await startEndpoint(market.folder, options.encoding);
  const startDate = market.sessions[0] ?? market.next;
  const start = { dataDir, marketUrl: endpoint.url, apiKey, startDate, workers: options.workers };
  let barline: BarlineProcess | undefined;
  let sql: Sql | undefined;
  try {
    options.say("starting Barline");
    barline = await startBarline(start);
    sql = openPool((await readFile(join(dataDir, "postgres.url"), "utf8")).trim(), "read", { max: 2 });
    const measured = await work(options, market, { barline, sql, dataDir });
    const calls = (await (await fetch(`${endpoint.url}/calls`)).json()) as Record<string, number>;
    return { ...measured, calls };
  } finally {
    await sql?.end();
    await barline?.stop();
    endpoint.stop();
  }
}

type Running = { barline: BarlineProcess; sql: Sql; dataDir: string };

async function work(options: BenchOptions, market: BenchMarket, running: Running): Promise<Omit<Measured, "calls">> {
  const { barline, sql } = running;
  const { say } = options;
  const postmaster = Number(
    (await readFile(join(running.dataDir, "postgres", "postmaster.pid"), "utf8")).split("\n")[0],
  );
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
    const nextSessionSeconds = await addSession(running, market.next);
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
): Omit<Report, "eventsMs"> {
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
