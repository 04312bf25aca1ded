import type { CostName } from "./figures.ts";
import type { CapacityModel, Workload } from "./model.ts";

/** One machine; its cores are such as those that measured. */
export type Machine = { cores: number; memoryBytes: number; diskBytes: number };

/** Citus: workers that are alike, and a coordinator, beside which Barline runs, that is like them. */
export type Cluster = { workers: number; worker: Machine };

/** How long a market lasts until something ends, in years; Infinity where it does not within `longestYears`. */
export type Ends = { disk: number; night: number; memory: number };

/** From the time at which a session has settled, nine in the evening in New York, to the next morning. */
export const nightSeconds = 12 * 3600;
/** Fetched and loaded again behind each new session, as RECHECK_SESSIONS has it. */
const rechecks = 5;
/** Of a disk, what is to be used. */
const usableDisk = 0.9;
/** A query of a build has its own process and two beside it (`jobs/transform/build/session.ts`), however many cores there are. */
export const mostCores = 3;
/** The embedded server's max_wal_size. */
const keptLogBytes = 2 ** 30;
export const longestYears = 200;

/**
 * What was measured by hand once, on a coordinator and two workers of two cores, and no stage of this bench measures: the part of the
 * processor time that left the coordinator, all of it against one server's with one shard a worker core, and the next session's with
 * 4 and with 32 shards.
 */
export const citus = {
  away: 0.88,
  whole: 1.17,
  next: [
    { shards: 4, times: 1.95 },
    { shards: 32, times: 8.2 },
  ],
} as const;
/** Assumed: bars of securities that had several tickers, which every worker has. */
export const renamedShare = 0.02;

/** Bytes on one machine with everything: when it rests, and at most while all is built anew beside what is read. */
export function diskOf(model: CapacityModel, workload: Workload): { atRest: number; atRefresh: number } {
  const bytes = (...names: CostName[]) => sumOf(model, workload, names);
  const built = bytes("windows", "monthEnds", "latest");
  const atRest = built + bytes("raw", "lists", "state", "lake", "exported") + keptLogBytes;
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
  const all = refresh + next + rechecks * cost("nextIngest", "nextLoad") + cost("export");
  return { refresh, next, all };
}

/** Where one machine ends, by disk, by the night, and by memory for what is hot. */
export function endsOf(model: CapacityModel, market: Omit<Workload, "years">, machine: Machine): Ends {
  return {
    disk: yearsWhile(market, (workload) => diskOf(model, workload).atRefresh <= machine.diskBytes * usableDisk),
    night: yearsWhile(market, (workload) => nightOf(model, workload, machine).all <= nightSeconds),
    memory: yearsWhile(market, (workload) => hotBytesOf(model, workload) + model.workingBytes <= machine.memoryBytes),
  };
}

/** Bytes on the disk of a worker while all is built anew. The lake and what is exported are in S3, which several machines need. */
export function workerDiskOf(model: CapacityModel, workload: Workload, { workers }: Cluster): number {
  const bytes = (...names: CostName[]) => sumOf(model, workload, names);
  const spread = bytes("raw", "temporary") + 2 * bytes("windows", "monthEnds", "latest");
  return spread / workers + renamedShare * bytes("raw") + bytes("lists") + keptLogBytes;
}

/** A night of a cluster. Fetching and the export stay beside the coordinator; shards are taken to be even, one a worker core. */
export function clusterNightOf(model: CapacityModel, workload: Workload, { workers, worker }: Cluster) {
  const cost = (...names: CostName[]) => sumOf(model, workload, names);
  const here = (seconds: number) => clockOf(model, seconds, worker.cores);
  const cores = workers * worker.cores;
  const spread = (seconds: number, times: number) =>
    // What more shards cost, they cost on the workers.
    here(seconds * citus.whole * (1 - citus.away)) + (seconds * (times - citus.whole * (1 - citus.away))) / cores;
  const nextTimes = Math.max(citus.whole, nextTimesOf(cores));
  const refresh = spread(cost("build"), citus.whole);
  const next = here(cost("nextIngest")) + spread(cost("nextLoad", "nextBuild"), nextTimes);
  const again = rechecks * (here(cost("nextIngest")) + spread(cost("nextLoad"), nextTimes));
  return { refresh, next, all: refresh + next + again + here(cost("export")) };
}

/** Where N workers end. */
export function clusterEndsOf(model: CapacityModel, market: Omit<Workload, "years">, cluster: Cluster): Ends {
  const { workers, worker } = cluster;
  return {
    disk: yearsWhile(market, (workload) => workerDiskOf(model, workload, cluster) <= worker.diskBytes * usableDisk),
    night: yearsWhile(market, (workload) => clusterNightOf(model, workload, cluster).all <= nightSeconds),
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

/** Amdahl's law: what one core has to do, and the rest on as many as are used. */
const clockOf = ({ serialShare }: CapacityModel, processorSeconds: number, cores: number) =>
  processorSeconds * (serialShare + (1 - serialShare) / Math.min(cores, mostCores));

/** On the line through the two numbers of shards that were measured. */
function nextTimesOf(shards: number): number {
  const [few, many] = citus.next;
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
