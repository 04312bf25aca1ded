import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Sql } from "../../db/client.ts";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { settle } from "../support/pipeline.ts";
import { type S3Server, startS3 } from "../support/s3.ts";
import { until } from "../support/until.ts";
import {
  barsBetween,
  expectCleanState,
  expectFact,
  expectRawBars,
  marketSize,
  openMarket,
  season,
} from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom } from "./support.ts";

let database: TestDatabase;
let s3: S3Server;
let market: FaultyMarket;
const processes: BarlineProcess[] = [];

beforeAll(async () => {
  [database, s3, market] = await Promise.all([
    createTestDatabase({ empty: true }),
    startS3(),
    startFaultyMarket({ tickers: marketSize }),
  ]);
}, 60_000);

afterAll(async () => {
  await Promise.all(processes.map((one) => one.stop()));
  await Promise.all([market.stop(), s3.stop(), database.drop()]);
}, 60_000);

type ProcessSeen = { owner: string; pid: number; leader: boolean };

/** Processes that have shown a sign of life within two heartbeats. */
const living = (sql: Sql): Promise<ProcessSeen[]> =>
  sql<ProcessSeen[]>`
    select owner, pid, leader from barline.processes
    where stopped_at is null and heartbeat_at > now() - interval '7 seconds' order by pid`;

/** How many tries each process has begun. */
async function triesByOwner(sql: Sql): Promise<Map<string, number>> {
  const rows = await sql<{ owner: string; tries: number }[]>`
    select owner, count(*)::int as tries from barline.tries group by owner`;
  return new Map(rows.map(({ owner, tries }) => [owner, tries]));
}

test("three processes share the work; what one held when it was killed, the others take over long before its leases end", async () => {
  const { sql } = database;
  const variables = {
    ...fetchingFrom(market),
    DATABASE_URL: database.url,
    S3_BUCKET: "bars",
    S3_ENDPOINT: s3.endpoint,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
  // All at once, on an empty database without a bucket: one of them makes the tables, the others wait.
  processes.push(...(await Promise.all([1, 2, 3].map(() => startBarline(variables)))));
  const [first] = processes;
  if (!first) throw new Error("No process started.");
  await until("all three are there and one leads", async () => {
    const seen = await living(sql);
    return seen.length === 3 && seen.filter((one) => one.leader).length === 1;
  });
  const before = await living(sql);

  // More is asked for than two of them can hold, and nothing of it ends before the kill: each gets its part.
  market.hold();
  await backfillByApi(first.url, season.from, season.to);
  await until("each has work", async () => {
    const tries = await triesByOwner(sql);
    return before.every(({ owner }) => (tries.get(owner) ?? 0) > 0);
  });

  // The leader, in the middle of a batch.
  const leader = before.find((one) => one.leader);
  const victim = processes.find((one) => one.pid === leader?.pid);
  if (!leader || !victim) throw new Error("The leader is none of the three.");
  await until("the leader holds a batch", async () => {
    const [held] = await sql`
      select from barline.tasks where state = 'running' and lease_owner = ${leader.owner} and name = 'fetch' limit 1`;
    return held !== undefined;
  });
  await victim.end("SIGKILL");
  // Its leases last for longer than this test: only that it can be seen to be dead frees what it held.
  await sql`update barline.tasks set lease_expires_at = now() + interval '1 hour' where lease_owner = ${leader.owner}`;
  market.release();
  await until("another leads", async () => {
    const leading = (await living(sql)).filter((one) => one.leader && one.owner !== leader.owner);
    return leading.length === 1;
  });

  await settle(sql, 60_000);
  const [taken] = await sql<{ over: number }[]>`
    select count(*)::int as over from barline.tries where owner = ${leader.owner} and state = 'lost'`;
  expect(taken?.over).toBeGreaterThan(0);

  await expectCleanState(sql);
  const twice = await sql`
    select task_id from barline.tries where state = 'success' group by task_id having count(*) > 1`;
  expect([...twice]).toEqual([]);
  // A session is called for again only where the call was lost with the process that made it.
  const [lost] = await sql<{ calls: number }[]>`
    select count(*)::int as calls from barline.tries join barline.tasks on tasks.id = task_id
    where tasks.name = 'fetch' and tries.state <> 'success'`;
  expect(market.calledSessions().length - new Set(market.calledSessions()).size).toBeLessThanOrEqual(lost?.calls ?? 0);
  const demo = openMarket();
  const bars = barsBetween(demo, season.from, season.to);
  await expectRawBars(sql, bars);
  await expectFact(sql, bars, demo);
}, 120_000);

test("a process that stops in good order gives its work back at once, and leads no longer", async () => {
  const { sql } = database;
  const left = await until("one leads", async () => (await living(sql)).find((one) => one.leader));
  const leader = processes.find((one) => one.pid === left.pid);
  if (!leader) throw new Error("The leader is none of the three.");
  const other = processes.find((one) => one !== leader && one.isAlive());
  if (!other) throw new Error("Nobody is left.");
  market.hold();
  await backfillByApi(other.url, season.from, season.to, "all");
  await until("it is at work", async () => {
    const [held] = await sql`select from barline.tasks where state = 'running' and lease_owner = ${left.owner} limit 1`;
    return held !== undefined;
  });
  expect(await leader.end("SIGTERM")).toMatchObject({ code: 0 });
  market.release();
  const [held] = await sql`select from barline.tasks where state = 'running' and lease_owner = ${left.owner} limit 1`;
  expect(held).toBeUndefined();
  const [ended] = await sql<{ leader: boolean; stopped: boolean }[]>`
    select leader, stopped_at is not null as stopped from barline.processes where owner = ${left.owner}`;
  expect(ended).toEqual({ leader: false, stopped: true });
  await until("the other leads", async () => (await living(sql)).some((one) => one.leader));
  await settle(sql, 60_000);
  await expectCleanState(sql);
}, 120_000);
