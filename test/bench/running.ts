import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openPool, type Sql } from "../../db/client.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type BarlineProcess, startBarline } from "./barline.ts";
import { apiKey, startEndpoint } from "./endpoint.ts";
import type { BenchMarket } from "./market.ts";
import { readStages } from "./stages.ts";

/** Barline at work, and what looks at it. */
export type Running = {
  barline: BarlineProcess;
  /** Reads as Barline's pages do; `work` may change what is there, and takes as long as it takes. */
  sql: Sql;
  work: Sql;
  postmaster: number;
  marketUrl: string;
};

export type RunningOptions = { encoding: string; workers: number; say(line: string): void };

/** Starts the market and Barline, and stops both when `measure` is done with them. */
export async function withBarline<T>(
  options: RunningOptions,
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
    return await measure({ barline, sql, work, postmaster: await postmasterOf(dataDir), marketUrl: endpoint.url });
  } finally {
    await Promise.all(pools.map((pool) => pool.end()));
    await barline?.stop();
    endpoint.stop();
  }
}

/** The process of the embedded server that all others of it come from. */
export async function postmasterOf(dataDir: string): Promise<number> {
  const [pid] = (await readFile(join(dataDir, "postgres", "postmaster.pid"), "utf8")).split("\n");
  return Number(pid);
}

/** Seconds from the request for a session to the end of the transform. */
export async function addSession({ barline, sql }: Running, session: string): Promise<number> {
  const since = new Date();
  await barline.runSession(session);
  await barline.idle();
  const stages = await readStages(sql, since);
  return stages.find((stage) => stage.job === jobIds.transform)?.to ?? Number.NaN;
}
