import { expect, test } from "bun:test";
import { newYorkDate, settledSessions } from "../../jobs/market/calendar.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { startBarline } from "../support/barline.ts";
import { runsOf, settle } from "../support/pipeline.ts";
import { expectCleanState } from "../support/warehouse.ts";
import { openWarehouse } from "./support.ts";

test("a start on the demo exchange catches up by itself, with one run for each session that has settled", async () => {
  const startDate = newYorkDate(Date.now() - 30 * 86_400_000);
  const settledBefore = settledSessions(startDate, new Date());
  const barline = await startBarline({ START_DATE: startDate, WORKERS: "1" });
  const sql = await openWarehouse(barline.dataDir);
  await settle(sql, 90_000);
  await expectCleanState(sql);
  const runs = await runsOf(sql, jobIds.ingest);
  const sessionsOf = (trigger: string) =>
    runs.flatMap((run) => (run.trigger === trigger ? (run.partition ?? "") : [])).sort();
  const sessions = sessionsOf("schedule");
  expect(sessions.length).toBeGreaterThan(15);
  // One may have settled while it started.
  const settledAfter = settledSessions(startDate, new Date());
  expect(sessions.slice(0, settledBefore.length)).toEqual(settledBefore);
  expect(sessions).toEqual(settledAfter.slice(0, sessions.length));
  expect(new Set(runs.map((run) => run.trigger))).toEqual(new Set(["schedule", "recheck"]));
  // The five before the newest are fetched again; one more where another settled meanwhile.
  expect(sessionsOf("recheck").length).toBeGreaterThanOrEqual(5);
  expect(sessions.slice(-7, -1)).toEqual(expect.arrayContaining(sessionsOf("recheck").slice(-5)));
  const dates = await sql<{ date: string }[]>`
    select distinct trade_date as date from public.fct_polygon__stock_bars_performance order by 1`;
  expect(dates.map((row) => row.date)).toEqual(sessions);
  await sql.end();
  await barline.stop();
}, 180_000);
