import { addHistory } from "../support/history.ts";
import { type PageLoad, percentile, readPage, readTogether } from "./readers.ts";
import type { Running } from "./running.ts";

/** One reader's page after page: milliseconds, the longest where nothing of it was kept from the one before, and bytes as they are sent. */
type PageTimes = { name: string; p50: number; p95: number; longest: number; bytes: number };

/** Pages by HTTP, from the process that people run. */
export type PagesReport = {
  /** Runs of each job that were there. */
  runs: number;
  alone: PageTimes[];
  together: (PageLoad & { name: string })[];
};

export type PagesOptions = { runs: number; requests: number; clients: number };

/** Enough for the code to be compiled and the tables to be in memory. */
const warmUps = 15;

/**
 * Adds years of runs of every job, then reads the pages that show most: alone one after another, and by several people at once. Barline
 * has to rest, and the runs stay.
 */
export async function measurePages(running: Running, { runs, requests, clients }: PagesOptions): Promise<PagesReport> {
  const { barline, work } = running;
  await addHistory(work, runs);
  const alone: PageTimes[] = [];
  for (const [name, path] of [
    [`grid of ${Math.min(runs, mostOfGrid).toLocaleString("en-US")} runs of each job`, `/grid?limit=${mostOfGrid}`],
    ["market page", "/market"],
  ] as const) {
    alone.push({ name, ...(await readAlone(`${barline.url}${path}`, requests)) });
  }
  const together: PagesReport["together"] = [];
  for (const [name, path] of [
    ["screener", "/screener"],
    ["overview", "/"],
  ] as const) {
    const url = `${barline.url}${path}`;
    await readTogether(url, { clients, requests: warmUps });
    together.push({ name, ...(await readTogether(url, { clients, requests: clients * requests })) });
  }
  return { runs, alone, together };
}

/** The most runs of a job that the grid shows. */
const mostOfGrid = 2500;

async function readAlone(url: string, requests: number): Promise<Omit<PageTimes, "name">> {
  for (let time = 0; time < warmUps; time += 1) await readPage(url);
  const times: number[] = [];
  let bytes = 0;
  for (let time = 0; time < requests; time += 1) {
    const page = await readPage(url);
    times.push(page.milliseconds);
    bytes = page.bytes;
  }
  return { p50: percentile(times, 0.5), p95: percentile(times, 0.95), longest: percentile(times, 1), bytes };
}
