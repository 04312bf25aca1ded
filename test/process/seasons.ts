import { expect } from "bun:test";
import { join } from "node:path";
import type { Sql } from "../../db/client.ts";
import { openLake } from "../../jobs/lake/open.ts";
import { sessionsBetween } from "../../jobs/market/calendar.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { startBarline } from "../support/barline.ts";
import type { FaultyMarket } from "../support/faulty-market.ts";
import { type LakeContents, lakeContents } from "../support/lake.ts";
import { settle } from "../support/pipeline.ts";
import { expectCleanState, season, warehouseDigest } from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom, openWarehouse } from "./support.ts";

/** What a season leaves behind, however often those who fetched it were killed. */
export type End = { digest: string; lake: LakeContents };

const sessionsPerPiece = 20;

/** From 0 to 1, the same in every run. */
export const draw = (what: string, turn: number) => Number(Bun.hash(`${what} ${turn}`) % 10_000n) / 10_000;

/** Asks for a piece of the season again, whatever of it is there. */
export async function askForPiece(url: string, turn: number): Promise<void> {
  const sessions = sessionsBetween(season.from, season.to);
  const first = Math.floor(draw("piece", turn) * (sessions.length - sessionsPerPiece));
  const [from = "", to = ""] = [sessions[first], sessions[first + sessionsPerPiece - 1]];
  await backfillByApi(url, from, to, "all");
}

/** Whether nothing is queued or running, as the process at `url` has it. */
export const isIdle = async (url: string) =>
  ((await (await fetch(`${url}/api/status`)).json()) as { idle: boolean }).idle;

/** Lets one process bring what was asked for to its end; checks the books, looks further with `look`, and reads what is there then. */
export async function finishSeason(
  market: FaultyMarket,
  dataDir: string,
  look: (sql: Sql) => Promise<void> = async () => {},
): Promise<End> {
  const last = await startBarline(fetchingFrom(market), dataDir);
  const sql = await openWarehouse(dataDir);
  // What no piece happened to take.
  await settle(sql, 120_000);
  await backfillByApi(last.url, season.from, season.to);
  await settle(sql, 120_000);
  await expectCleanState(sql);
  await expectExactBookkeeping(sql);
  await look(sql);
  const lake = openLake({ kind: "folder", root: join(dataDir, "lake"), bucket: "test" });
  const end = { digest: await warehouseDigest(sql), lake: await lakeContents(lake) };
  await Promise.all([sql.end(), lake.close()]);
  expect(await last.end("SIGTERM")).toMatchObject({ code: 0 });
  return end;
}

/** Asserts what no kill may break: one event for each success that owes one, and no session with two runs at once. */
async function expectExactBookkeeping(sql: Sql): Promise<void> {
  const [events] = await sql<{ owed: number; recorded: number; runs: number }[]>`
    select (select count(*)::int from barline.runs where job_id in ${sql([jobIds.ingest, jobIds.load, jobIds.transform])}) as owed,
      count(*)::int as recorded, count(distinct run_id)::int as runs
    from barline.dataset_events`;
  expect(events).toEqual({ owed: events?.recorded ?? 0, recorded: events?.owed ?? 0, runs: events?.owed ?? 0 });
  const overlapping = await sql`
    select older.id, newer.id from barline.runs older join barline.runs newer
      on newer.job_id = older.job_id and newer.partition = older.partition and newer.id > older.id
    where newer.created_at < older.finished_at`;
  expect([...overlapping]).toEqual([]);
}

/** Tries that ended with their process, by job. */
export async function lossesByJob(sql: Sql): Promise<Record<string, number>> {
  const rows = await sql<{ jobId: string; lost: number }[]>`
    select job_id as "jobId", count(*)::int as lost
    from barline.tries join barline.tasks on tasks.id = tries.task_id where tries.state = 'lost' group by job_id`;
  return Object.fromEntries(rows.map(({ jobId, lost }) => [jobId, lost]));
}

/** Asserts that a season that was disturbed ended as one that was not, and that both are whole. */
export function expectSameEnd(disturbed: End, undisturbed: End): void {
  expect(disturbed.lake).toEqual(undisturbed.lake);
  expect(Object.keys(disturbed.lake.sessions)).toEqual(sessionsBetween(season.from, season.to));
  expect(disturbed.digest).toBe(undisturbed.digest);
  expect(disturbed.digest).not.toBe("");
}
