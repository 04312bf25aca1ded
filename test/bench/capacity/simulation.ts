import type { CostName } from "./figures.ts";
import type { CapacityModel, Workload } from "./model.ts";

/** One machine; its cores are such as those that measured. */
export type Machine = { cores: number; memoryBytes: number; diskBytes: number };

/** Citus: workers that are alike, and a coordinator, beside which Barline runs, that is like them. */
export type Cluster = { workers: number; worker: Machine };

/** How long a market lasts until something ends, in years; Infinity where it does not within `longestYears`. */
export type Ends = { disk: number; night: number; memory: number };

export const longestYears = 200;

/** What no stage measures, and the simulation takes as given. */
export const given = {
  /** From the time at which a session has settled, nine in the evening in New York, to the next morning. */
  nightSeconds: 12 * 3600,
  /** Sessions fetched and loaded again behind each new one, as RECHECK_SESSIONS has it. */
  rechecks: 5,
  /** Of a disk, what is to be used. */
  usableDisk: 0.9,
  /** A query of a build has its own process and two beside it (`jobs/transform/build/session.ts`), however many cores there are. */
  mostCores: 3,
  /** The embedded server's max_wal_size. */
  keptLogBytes: 2 ** 30,
  /** Bars of securities that had several tickers, which every worker has. */
  renamedShare: 0.02,
  /**
   * Measured by hand once, on a coordinator and two workers of two cores: the part of the processor time that left the coordinator, all
   * of it against one server's with one shard a worker core, and the next session's with few and with many shards.
   */
  citus: {
    away: 0.88,
    whole: 1.17,
    few: { shards: 4, times: 1.95 },
    many: { shards: 32, times: 8.2 },
  },
} as const;

/** Bytes on one machine with everything: when it rests, and at most while all is built anew beside what is read. */
export function diskOf(model: CapacityModel, workload: Workload): { atRest: number; atRefresh: number } {
  const bytes = (...names: CostName[]) => sumOf(model, workload, names);
  const built = bytes("windows", "monthEnds", "latest");
  const atRest = built + bytes("raw", "lists", "state", "lake", "exported") + given.keptLogBytes;
  // Files of the export before stay for a day.
  return { atRest, atRefresh: atRest + built + bytes("temporary", "exported") };
}

/** What has to be in memory for pages and the next session not to wait for the disk: the newest year's bars and what is made of them. */
export function hotBytesOf(model: CapacityModel, workload: Workload): number {
  const newest = { ...workload, years: Math.min(workload.years, 1) };
  return sumOf(model, newest, ["raw", "windows"]) + sumOf(model, workload, ["monthEnds", "latest"]);
}

/** Seconds of the clock for a night's work on one machine: a full refresh, and a new session with its rechecks and its export. */
export function nightOf(model: CapacityModel, workload: Workload, { cores }: Machine) {
  const cost = (...names: CostName[]) => clockOf(model, sumOf(model, workload, names), cores);
  const refresh = cost("build");
  const next = cost("nextIngest", "nextLoad", "nextBuild");
  const all = refresh + next + given.rechecks * cost("nextIngest", "nextLoad") + cost("export");
  return { refresh, next, all };
}

/** Where one machine ends, by disk, by the night, and by memory for what is hot. */
export function endsOf(model: CapacityModel, market: Omit<Workload, "years">, machine: Machine): Ends {
  return {
    disk: yearsWhile(market, (workload) => diskOf(model, workload).atRefresh <= machine.diskBytes * given.usableDisk),
    night: yearsWhile(market, (workload) => nightOf(model, workload, machine).all <= given.nightSeconds),
    memory: yearsWhile(market, (workload) => hotBytesOf(model, workload) + model.workingBytes <= machine.memoryBytes),
  };
}

/** The years for which a disk takes raw bars and raw answers, where nothing is made of them. */
export function yearsOfBars(model: CapacityModel, market: Omit<Workload, "years">, machine: Machine): number {
  const bytes = (workload: Workload) => sumOf(model, workload, ["raw", "lake"]) + given.keptLogBytes;
  return yearsWhile(market, (workload) => bytes(workload) <= machine.diskBytes * given.usableDisk);
}

/** Bytes on the disk of a worker while all is built anew. The lake and what is exported are in S3, which several machines need. */
export function workerDiskOf(model: CapacityModel, workload: Workload, { workers }: Cluster): number {
  const bytes = (...names: CostName[]) => sumOf(model, workload, names);
  const spread = bytes("raw", "temporary") + 2 * bytes("windows", "monthEnds", "latest");
  return spread / workers + given.renamedShare * bytes("raw") + bytes("lists") + given.keptLogBytes;
}

/**
 * A night of a cluster. Fetching and the export stay beside the coordinator; shards are taken to be even, one a worker core, and what
 * one core does alone on one server it does on each worker.
 */
export function clusterNightOf(model: CapacityModel, workload: Workload, { workers, worker }: Cluster) {
  const cost = (...names: CostName[]) => sumOf(model, workload, names);
  const here = (seconds: number) => clockOf(model, seconds, worker.cores);
  const stays = given.citus.whole * (1 - given.citus.away);
  // What more shards cost, they cost on the workers.
  const spread = (seconds: number, times: number) =>
    here(seconds * stays) + amdahl(model, (seconds * (times - stays)) / workers, worker.cores);
  const nextTimes = Math.max(given.citus.whole, nextTimesOf(workers * worker.cores));
  const refresh = spread(cost("build"), given.citus.whole);
  const next = here(cost("nextIngest")) + spread(cost("nextLoad", "nextBuild"), nextTimes);
  const again = given.rechecks * (here(cost("nextIngest")) + spread(cost("nextLoad"), nextTimes));
  return { refresh, next, all: refresh + next + again + here(cost("export")) };
}

/** Where N workers end. */
export function clusterEndsOf(model: CapacityModel, market: Omit<Workload, "years">, cluster: Cluster): Ends {
  const { workers, worker } = cluster;
  return {
    disk: yearsWhile(
      market,
      (workload) => workerDiskOf(model, workload, cluster) <= worker.diskBytes * given.usableDisk,
    ),
    night: yearsWhile(market, (workload) => clusterNightOf(model, workload, cluster).all <= given.nightSeconds),
    memory: yearsWhile(
      market,
      (workload) => hotBytesOf(model, workload) / workers + model.workingBytes <= worker.memoryBytes,
    ),
  };
}

/** The years that all of it lasts, and what ends them; null where nothing does. */
export function firstOf(ends: Ends): { years: number; by: keyof Ends | null } {
  const years = Math.min(ends.disk, ends.night, ends.memory);
  const by = (["disk", "night", "memory"] as const).find((end) => ends[end] === years) ?? null;
  return { years, by: years === Number.POSITIVE_INFINITY ? null : by };
}

const sumOf = (model: CapacityModel, workload: Workload, names: readonly CostName[]) =>
  names.reduce((sum, name) => sum + model.costOf(name, workload), 0);

/** On one server: of its cores, as many as are used. */
const clockOf = (model: CapacityModel, processorSeconds: number, cores: number) =>
  amdahl(model, processorSeconds, Math.min(cores, given.mostCores));

/** What one core has to do, and the rest on all. */
const amdahl = ({ serialShare }: CapacityModel, processorSeconds: number, cores: number) =>
  processorSeconds * (serialShare + (1 - serialShare) / cores);

/** On the line through the two numbers of shards that were measured. */
function nextTimesOf(shards: number): number {
  const { few, many } = given.citus;
  return few.times + ((shards - few.shards) * (many.times - few.times)) / (many.shards - few.shards);
}

/** The most years for which something holds, to a hundredth; what holds no more does not hold again. */
function yearsWhile(market: Omit<Workload, "years">, holds: (workload: Workload) => boolean): number {
  if (holds({ ...market, years: longestYears })) return Number.POSITIVE_INFINITY;
  let [low, high] = [0, longestYears * 100];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds({ ...market, years: middle / 100 })) low = middle;
    else high = middle;
  }
  return low / 100;
}
