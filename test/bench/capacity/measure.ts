import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { selectTableSizes } from "../../../db/queries/operations/read-system.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { readDiskUse } from "../disk.ts";
import { measureExport } from "../export.ts";
import { forgetSession, readTemporaryBytes } from "../history.ts";
import { type BenchMarket, findMarket, makeMarket } from "../market.ts";
import { residentBytes, treeBytes, watchMemory } from "../memory.ts";
import { processorSeconds, watchProcessor } from "../processor.ts";
import { addSession, type Running, type RunningOptions, withBarline } from "../running.ts";
import { readStages } from "../stages.ts";
import { barlineIntervalMs, postgresIntervalMs } from "../year.ts";
import type { CapacityFigures, Costs, SizeFigures } from "./figures.ts";
import { readLogPosition, readUnfinished } from "./queries.ts";
import { measureReading } from "./reading.ts";

/** So many tickers over so many years. */
export type CapacitySize = { tickers: number; years: number };

export type CapacityOptions = RunningOptions & {
  sizes: readonly CapacitySize[];
  /** Sessions of a year. */
  sessions: number;
  folder: string;
  machine: CapacityFigures["machine"];
};

/** Ten years from here are over. */
const firstSession = "2014-01-02";
const pollMs = 250;
const longestMs = 30 * 60_000;
const processorIntervalMs = 50;
/** How often a next session is added; an odd number, as the middle counts. */
const nextTimes = 5;

/** Measures each size on a server of its own, through the process that people run. Throws where the system tells no processor time. */
export async function measureCapacity(options: CapacityOptions): Promise<CapacityFigures> {
  const sizes: SizeFigures[] = [];
  for (const size of options.sizes) sizes.push(await measureSize(options, size));
  return { machine: options.machine, sizes };
}

async function measureSize(options: CapacityOptions, { tickers, years }: CapacitySize): Promise<SizeFigures> {
  const folder = join(options.folder, `capacity-${tickers}x${years}`);
  const [dataDir, marketFolder] = [join(folder, "data"), join(folder, "market")];
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  // The system's postgres user, which runs the server where we are root, must reach its files.
  for (const path of [folder, dataDir]) await chmod(path, 0o755);
  const size = { tickers, sessions: years * options.sessions, first: firstSession };
  options.say(`${tickers.toLocaleString("en-US")} tickers over ${years} years: making the market`);
  const market = (await findMarket(marketFolder, size)) ?? (await makeMarket(marketFolder, size));
  return await withBarline(options, market, dataDir, async (running) => {
    const { say } = options;
    const filled = await fill(running, market, say);
    const bytes = await readBytes(running, dataDir);
    say("reading");
    const reading = await measureReading(running);
    say("adding the next session");
    const next = await addNext(running, market);
    say("exporting");
    const exporting = await measureExport(running, dataDir, market.next);
    const exported = { exported: exporting.bytes, export: known(exporting.processorSeconds) };
    const costs = rounded({ ...filled.costs, ...bytes, ...reading, ...next, ...exported });
    say(JSON.stringify(costs));
    return { tickers, sessions: size.sessions, costs, build: filled.build };
  });
}

/** All of the market, step after step: what comes behind a step is paused, so that each has its own cost. */
async function fill(running: Running, market: BenchMarket, say: CapacityOptions["say"]) {
  const { barline, work } = running;
  const [first = market.next, last = market.next] = [market.sessions[0], market.sessions.at(-1)];
  await barline.setPaused(jobIds.load, true);
  await barline.setPaused(jobIds.transform, true);
  say("ingesting");
  const ingest = await costOf(running, async () => {
    await barline.backfill(first, last);
    await rest(running, jobIds.ingest);
  });
  say("loading");
  const load = await costOf(running, async () => {
    await barline.setPaused(jobIds.load, false);
    await rest(running, jobIds.load);
  });
  say("building");
  const temporary = await readTemporaryBytes(work);
  const ours = watchMemory(() => residentBytes(barline.pid), barlineIntervalMs);
  const theirs = watchMemory(() => treeBytes(running.postmaster), postgresIntervalMs);
  const since = new Date();
  const build = await costOf(running, async () => {
    await barline.setPaused(jobIds.transform, false);
    await barline.idle();
  });
  ours.stop();
  theirs.stop();
  const stage = (await readStages(running.sql, since)).find(({ job }) => job === jobIds.transform);
  return {
    costs: {
      ...{ ingest: ingest.processor, load: load.processor, build: build.processor },
      ...{ loadLog: ingest.log + load.log, buildLog: build.log },
      temporary: (await readTemporaryBytes(work)) - temporary,
    },
    build: { seconds: stage?.busy ?? Number.NaN, barlinePeak: ours.peak(), postgresPeak: theirs.peak() },
  };
}

/** Seconds of processors, and bytes of write-ahead log. */
async function costOf({ barline, postmaster, work }: Running, step: () => Promise<void>) {
  const used = async () => known(await processorSeconds([barline.pid, postmaster]));
  const [processor, log] = [await used(), await readLogPosition(work)];
  await step();
  return { processor: (await used()) - processor, log: (await readLogPosition(work)) - log };
}

function known(seconds: number | null): number {
  if (seconds === null) throw new Error("This system does not tell processor time: there is no /proc.");
  return seconds;
}

/** Waits until a job has done all that there is for it. */
async function rest({ sql }: Running, job: string): Promise<void> {
  const deadline = performance.now() + longestMs;
  while ((await readUnfinished(sql, job)) > 0) {
    if (performance.now() > deadline) throw new Error(`${job} did not come to rest.`);
    await Bun.sleep(pollMs);
  }
}

/** What stands on the disk once all is published. */
async function readBytes({ sql }: Running, dataDir: string) {
  const tables = await selectTableSizes(sql);
  const sum = (isMeant: (name: string, schema: string) => boolean) =>
    tables.filter(({ name, schema }) => isMeant(name, schema)).reduce((total, { bytes }) => total + Number(bytes), 0);
  const isState = (schema: string) => schema !== "public";
  const one = (wanted: string) => sum((name, schema) => name === wanted && !isState(schema));
  const large = {
    raw: one("source_polygon_stock_bars_daily"),
    windows: one("int_polygon__stock_bars_windows"),
    monthEnds: one("fct_polygon__month_ends"),
    latest: one("fct_polygon__latest_session"),
  };
  const others = sum((_, schema) => !isState(schema)) - Object.values(large).reduce((total, bytes) => total + bytes, 0);
  const { lake } = await readDiskUse(dataDir);
  return { ...large, lists: others, state: sum((_, schema) => isState(schema)), lake };
}

/** One session more, of several times the one in the middle, of each part by itself. The time before them is not counted: it meets an empty cache. */
async function addNext(running: Running, market: BenchMarket) {
  await addSession(running, market.next);
  const times: Awaited<ReturnType<typeof addOnce>>[] = [];
  for (let time = 0; time < nextTimes; time += 1) {
    await forgetSession(running.work, market.next);
    // A day lies between two sessions: the log gets each page whole that was not written since.
    await running.work`checkpoint`;
    times.push(await addOnce(running, market.next));
  }
  const middle = (part: keyof Awaited<ReturnType<typeof addOnce>>) =>
    times.map((one) => one[part]).sort((a, b) => a - b)[(nextTimes - 1) / 2] ?? 0;
  return {
    nextIngest: middle("ingest"),
    nextLoad: middle("load"),
    nextBuild: middle("build"),
    nextLog: middle("log"),
  };
}

async function addOnce(running: Running, session: string) {
  const { barline, postmaster, sql, work } = running;
  const watch = await watchProcessor([barline.pid, postmaster], processorIntervalMs);
  const log = await readLogPosition(work);
  const since = new Date();
  await addSession(running, session);
  await watch.stop();
  const stages = await readStages(sql, since);
  // The jobs of one session come one after another.
  const until = (job: string) => {
    const end = stages.find((stage) => stage.job === job)?.to ?? 0;
    return known(watch.until(new Date(since.getTime() + end * 1000)));
  };
  const [ingest, load, all] = [until(jobIds.ingest), until(jobIds.load), until(jobIds.transform)];
  return {
    ingest,
    load: Math.max(0, load - ingest),
    build: Math.max(0, all - load),
    log: (await readLogPosition(work)) - log,
  };
}

/** Bytes whole, seconds to a tenth of a millisecond: what more there were would be noise. */
const rounded = (costs: Costs): Costs =>
  Object.fromEntries(Object.entries(costs).map(([name, cost]) => [name, Number(cost.toFixed(4))])) as Costs;
