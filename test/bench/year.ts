import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../db/embedded.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { ProcessorSeconds } from "./check.ts";
import { type DiskUse, readDiskUse } from "./disk.ts";
import { type Floor, measureFloor } from "./floor.ts";
import { medianOfThree } from "./history.ts";
import { type BenchMarket, findMarket, type MarketSize, makeMarket } from "./market.ts";
import { residentBytes, treeBytes, watchMemory } from "./memory.ts";
import { differences, type PeerReport, type PeerRun, readIndicatorSums, runPeer } from "./peer.ts";
import { watchProcessor } from "./processor.ts";
import { type PageLoad, startReaders } from "./readers.ts";
import { addSession, postmasterOf, type Running, type RunningOptions, withBarline } from "./running.ts";
import {
  type Latency,
  type PublishedTotals,
  readLatency,
  readPublishedTotals,
  readRawTotals,
  readStages,
  readTaskTimes,
  type Stage,
  type TaskTime,
} from "./stages.ts";

/** A year from an empty warehouse, and the least that it takes. Seconds, bytes and milliseconds are named so. */
export type YearReport = {
  market: { tickers: number; sessions: number; rows: number; encoding: string };
  pipeline: { wallSeconds: number; rowsPerSecond: number; stages: Stage[]; tasks: TaskTime[] };
  /** Null where the system does not tell. */
  processor: ProcessorSeconds | null;
  disk: DiskUse;
  floor: Floor;
  ratioToFloor: number;
  /** Null where no peer was asked for. */
  peer: PeerReport | null;
  /** Null where nobody read. */
  overview: PageLoad | null;
  /** Null where only the year was asked for. */
  onTop: OnTop | null;
  calls: Record<string, number>;
  /** What is wrong with the results. */
  problems: string[];
};

/** What comes after the year, on top of it. */
export type OnTop = {
  /** The session after the year: of three times the one in the middle. */
  nextSessionSeconds: number;
  latencyMs: Latency;
  memoryBytes: { barlinePeak: number | null; barlineIdle: number | null; postgresPeak: number | null };
};

export type YearOptions = RunningOptions & {
  size: MarketSize;
  /** Readers of the overview during the backfill; any at all take their share of the machine from the other figures. */
  readers: number;
  /** Null: only the year. Else runs of one session that latency is measured with, besides, and how long to wait for idle memory. */
  onTop: { reruns: number; idleSeconds: number } | null;
  peer: boolean;
};

/** A year that was measured, with its database as Barline left it. */
export type Year = { market: BenchMarket; dataDir: string; report: YearReport };

export const barlineIntervalMs = 100;
/** The kernel walks all shared pages of each server process for it: twice a second took a tenth of a core. */
export const postgresIntervalMs = 2000;
const processorIntervalMs = 100;

/**
 * Makes the market of a year in `folder`, or finds it there, lets Barline work on it, then measures the floor on the same server with
 * Barline gone, and then the peer alone.
 */
export async function measureYear(options: YearOptions, folder: string): Promise<Year> {
  const { say } = options;
  const dataDir = join(folder, "data");
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  // The system's postgres user, which runs the server where we are root, must reach its files.
  await chmod(folder, 0o755);
  await chmod(dataDir, 0o755);
  say(`a year of ${options.size.tickers.toLocaleString("en-US")} tickers: making the market`);
  const marketFolder = join(folder, "market");
  const market = (await findMarket(marketFolder, options.size)) ?? (await makeMarket(marketFolder, options.size));
  await chmod(marketFolder, 0o755);
  const barline = await withBarline(options, market, dataDir, (running) => work(options, market, dataDir, running));
  say("measuring the floor");
  const hand = await workByHand(market, dataDir);
  if (options.peer) say("measuring the peer");
  const peer = options.peer ? await runPeer(market, options.encoding, join(folder, "peer")) : null;
  return { market, dataDir, report: makeReport(options, market, { barline, hand, peer }) };
}

async function workByHand(market: BenchMarket, dataDir: string): Promise<{ floor: Floor; published: PublishedTotals }> {
  const server = await startEmbeddedPostgres({ dataDir });
  try {
    return await measureFloor(server.url, market, await postmasterOf(dataDir));
  } finally {
    await server.stop();
  }
}

async function work(options: YearOptions, market: BenchMarket, dataDir: string, running: Running) {
  const barlineMemory = watchMemory(() => residentBytes(running.barline.pid), barlineIntervalMs);
  const postgresMemory = watchMemory(() => treeBytes(running.postmaster), postgresIntervalMs);
  try {
    const year = await backfill(options, market, running);
    const disk = await readDiskUse(dataDir);
    const indicators = options.peer ? await readIndicatorSums(running.work, market.sessions.at(-1) ?? "") : null;
    const onTop = options.onTop && (await addOnTop({ ...options, ...options.onTop }, market, running));
    const memoryBytes = {
      barlinePeak: barlineMemory.peak(),
      barlineIdle: barlineMemory.latest(),
      postgresPeak: postgresMemory.peak(),
    };
    const calls = (await (await fetch(`${running.marketUrl}/calls`)).json()) as Record<string, number>;
    return { ...year, disk, indicators, onTop: onTop && { ...onTop, memoryBytes }, calls };
  } finally {
    barlineMemory.stop();
    postgresMemory.stop();
  }
}

/** From the request for all of the year to the end of the last transform. */
async function backfill({ say, readers }: YearOptions, market: BenchMarket, running: Running) {
  const { barline, sql, work } = running;
  const last = market.sessions.at(-1) ?? market.next;
  say("backfilling the year");
  const processor = await watchProcessor([barline.pid, running.postmaster], processorIntervalMs);
  const since = new Date();
  const reading = readers > 0 ? startReaders(`${barline.url}/`, readers) : undefined;
  await barline.backfill(market.sessions[0] ?? last, last);
  await barline.idle();
  const overview = (await reading?.stop()) ?? null;
  await processor.stop();
  const stages = await readStages(sql, since);
  const endOf = (id: string) => stages.find(({ job }) => job === id)?.to ?? Number.NaN;
  const [wallSeconds, loaded] = [endOf(jobIds.transform), endOf(jobIds.load)];
  const usedUntil = (seconds: number) => processor.until(new Date(since.getTime() + seconds * 1000));
  const [load, all] = [usedUntil(loaded), usedUntil(wallSeconds)];
  const raw = await readRawTotals(work, last);
  return {
    pipeline: { wallSeconds, rowsPerSecond: raw.rows / wallSeconds, stages, tasks: await readTaskTimes(sql, since) },
    processor: load === null || all === null ? null : { load, transform: all - load },
    overview,
    raw,
    published: await readPublishedTotals(work, last),
  };
}

async function addOnTop(
  { say, reruns, idleSeconds }: YearOptions & NonNullable<YearOptions["onTop"]>,
  market: BenchMarket,
  running: Running,
): Promise<Omit<OnTop, "memoryBytes">> {
  say("adding the next session, then running it again and again");
  await addSession(running, market.next);
  const nextSessionSeconds = await medianOfThree(running.work, market.next, () => addSession(running, market.next));
  for (let again = 0; again < reruns; again += 1) await addSession(running, market.next);
  const latencyMs = await readLatency(running.sql, jobIds);
  say("waiting for Barline to rest");
  await Bun.sleep(Math.max(idleSeconds * 1000, 2 * barlineIntervalMs));
  return { nextSessionSeconds, latencyMs };
}

type Measured = {
  barline: Awaited<ReturnType<typeof work>>;
  hand: { floor: Floor; published: PublishedTotals };
  peer: PeerRun | null;
};

function makeReport(options: YearOptions, market: BenchMarket, { barline, hand, peer }: Measured): YearReport {
  const { processor, raw, published, indicators, ...measured } = barline;
  const { floor } = hand;
  const { rows } = market.totals;
  const problems: string[] = [];
  const check = (what: string, found: unknown, wanted: unknown) => {
    if (!Bun.deepEquals(found, wanted))
      problems.push(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  };
  check("raw bars", { ...raw }, market.totals);
  check("published rows", { ...published }, { ...hand.published });
  check("published row count", published.rows, rows);
  if (peer && indicators) problems.push(...differences({ ...indicators }, peer.sums));
  return {
    market: { ...options.size, rows, encoding: options.encoding },
    ...measured,
    processor: processor && floor.processor && { barline: processor, floor: floor.processor },
    floor,
    ratioToFloor: measured.pipeline.wallSeconds / floor.total,
    peer: peer && makePeerReport(peer, measured.pipeline.wallSeconds, processor),
    problems,
  };
}

function makePeerReport(
  { sums: _, ...run }: PeerRun,
  wallSeconds: number,
  processor: ProcessorSeconds["barline"] | null,
): PeerReport {
  const processorRatio = processor && (processor.load + processor.transform) / run.processorSeconds;
  return { ...run, ratio: wallSeconds / run.seconds, processorRatio };
}
