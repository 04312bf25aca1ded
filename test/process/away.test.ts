import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openPool, type Sql } from "../../db/client.ts";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { startGateway } from "../support/gateway.ts";
import { until } from "../support/until.ts";
import { marketSize, season } from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom } from "./support.ts";

let market: FaultyMarket;
let database: TestDatabase;

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  database = await createTestDatabase({ empty: true });
});
afterAll(async () => {
  await market.stop();
  await database.drop();
});

/** Lines of warnings and errors that are about no request. */
const complaints = (barline: BarlineProcess, from: number) =>
  barline
    .output()
    .slice(from)
    .split("\n")
    .filter((line) => /"level":"(warn|error|fatal)"/.test(line) && !line.includes('"requestId"'))
    .map((line) => (JSON.parse(line) as { msg: string }).msg);

/** A daily chore that the outage meets as it begins has a line of its own; none is repeated. */
function expectToldOnce(messages: string[], message: string): void {
  expect(messages).toContain(message);
  expect(messages).toEqual([...new Set(messages)]);
}

/** Several for each of the process's pools. */
const enoughAttempts = 20;

/** Transactions that ended in an error. */
async function rolledBack(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select xact_rollback::int as count from pg_stat_database where datname = current_database()`;
  return row?.count ?? 0;
}

test("a database's port that accepts and closes is told of once, and pages and probe say 503 at once", async () => {
  const gateway = await startGateway(Number(new URL(database.url).port));
  const url = new URL(database.url);
  url.port = String(gateway.port);
  const barline = await startBarline({ ...fetchingFrom(market), DATABASE_URL: url.href });
  const from = barline.output().length;
  gateway.hangUp();
  await until("it is noticed", () => complaints(barline, from).length > 0);
  const asked = performance.now();
  const paths = ["/readyz", "/", "/tickers", "/api/status", "/grid", "/backfills", "/quality", "/system"];
  const answers = await Promise.all(paths.map(async (path) => (await fetch(`${barline.url}${path}`)).status));
  process.stderr.write(`${paths.length} answers after ${Math.round(performance.now() - asked)} ms\n`);
  expect(answers).toEqual(paths.map(() => 503));
  expect((await fetch(`${barline.url}/healthz`)).status).toBe(200);
  const before = gateway.hungUp();
  const attempts = () => gateway.hungUp() - before;
  let answered = 0;
  while (attempts() < enoughAttempts) {
    if ((await fetch(`${barline.url}/healthz`)).ok) answered += 1;
  }
  process.stderr.write(`${answered} answers of /healthz in the time of ${attempts()} attempts\n`);
  // Each pool makes a pause between two attempts, in which a process has hundreds of other things done; without one it has not.
  expect(answered).toBeGreaterThan(attempts());
  expectToldOnce(complaints(barline, from), "the database does not answer; work waits for it");
  await gateway.open();
  await until("it answers again", async () => (await fetch(`${barline.url}/readyz`)).status === 200);
  await barline.untilIdle();
  await barline.stop();
  await gateway.stop();
});

test("a window in which the server only reads is told of once, and waited for", async () => {
  const barline = await startBarline(fetchingFrom(market));
  const secret = async (file: string) => (await readFile(join(barline.dataDir, file), "utf8")).trim();
  const url = new URL(await secret("postgres.url"));
  url.username = "barline";
  url.password = await secret("postgres.password");
  const admin = openPool(url.href, "work", { max: 1 });
  const from = barline.output().length;
  await admin`alter system set default_transaction_read_only = on`;
  await admin`select pg_reload_conf()`;
  const told = "the database takes no writes; work waits for it";
  // A chore that begins just then may be the first to notice.
  await until("it is noticed", () => complaints(barline, from).includes(told));
  const before = await rolledBack(admin);
  // More than one look of whatever writes.
  await until("writes were refused again and again", async () => (await rolledBack(admin)) > before + 2);
  const refused = await fetch(`${barline.url}/api/jobs/stocks_polygon_ingest`, {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ paused: true }),
  });
  expect(refused.status).toBe(503);
  expect((await fetch(`${barline.url}/`)).status).toBe(200);
  expectToldOnce(complaints(barline, from), told);
  await admin`set default_transaction_read_only = off`;
  await admin`alter system reset default_transaction_read_only`;
  await admin`select pg_reload_conf()`;
  await until("work goes on", () => barline.output().slice(from).includes("the database answers again"));
  await backfillByApi(barline.url, season.from, season.from);
  await barline.untilIdle();
  await admin.end();
  await barline.stop();
});
