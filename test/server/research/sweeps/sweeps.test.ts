import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { selectSweep, selectSweeps } from "../../../../db/queries/research/sweeps.ts";
import type { Actor } from "../../../../jobs/orchestrator/types.ts";
import { sampleBars } from "../../../../server/backtest/checks/sample-bars.ts";
import { findTickerStrategy } from "../../../../server/backtest/strategies/index.ts";
import { runSweep } from "../../../../server/backtest/sweep/sweep.ts";
import { createTickerSubject } from "../../../../server/backtest/sweep/ticker-subject.ts";
import { planOf, readRequest } from "../../../../server/research/sweeps/plan.ts";
import { createSweepPool, type SweepPool } from "../../../../server/research/sweeps/pool.ts";
import type { PreparedSweep } from "../../../../server/research/sweeps/prepared.ts";
import type { SweepRequest } from "../../../../server/research/sweeps/schemas.ts";
import { mostKept, mostWaiting } from "../../../../server/research/sweeps/sweeps.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { until } from "../../../support/until.ts";
import { openProcess, openSweeps } from "./open.ts";

setDefaultTimeout(60_000);

let database: TestDatabase;
const by: Actor = { name: "Ada", via: "api" };
const bars = sampleBars(700, 5);
const source = { scope: "ticker", file: null, bars } as const;

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql`truncate barline.sweeps, barline.research_pieces, barline.processes restart identity`;
});

function prepare(changes: Record<string, unknown> = {}): PreparedSweep {
  const request = readRequest({
    ...{ ticker: "WAVE", strategy: "momentum", walkForward: { windows: 3 } },
    params: { shortWindow: { from: 2, to: 30 }, longWindow: { from: 20, to: 60, step: 2 } },
    ...changes,
  });
  return { request, plan: planOf(request, bars.dates), dates: bars.dates, source, dataVersion: "" };
}
/** So many points that it does not end while a test waits. */
const endless = () =>
  prepare({ params: { shortWindow: { from: 1, to: 1000 }, longWindow: { from: 2, to: 1000 } }, walkForward: null });

/** Its bars are no table's: what another process began is prepared by its request alone. */
const prepareAgain = async (request: SweepRequest): Promise<PreparedSweep> => prepare({ ...request });

const open = (pool: SweepPool = createSweepPool({ size: 2, idleMs: 100 })) =>
  openSweeps(database.sql, { pool, prepare: prepareAgain });

/** A worker that does what `body` says, in place of ours. */
function poolOf(body: string, size = 1): SweepPool {
  const file = join(mkdtempSync(join(tmpdir(), "barline-worker-")), "worker.ts");
  writeFileSync(file, body);
  return createSweepPool({ size, idleMs: 100, entry: pathToFileURL(file) });
}

describe("a pool of workers", () => {
  test("finds what one thread finds, whatever its size", async () => {
    const { plan } = prepare();
    const strategy = findTickerStrategy("momentum");
    if (!strategy) throw new Error("there is no momentum");
    const { maps, ...alone } = runSweep(createTickerSubject(bars, strategy, plan), plan);
    for (const size of [1, 3]) {
      const pool = createSweepPool({ size, idleMs: 1000 });
      const told: number[] = [];
      const { maps: found, ...shared } = await pool.run(source, plan, {
        signal: new AbortController().signal,
        progress: (done) => told.push(done),
      });
      expect(shared).toEqual(alone);
      expect(new Uint8Array(found.values.buffer)).toEqual(new Uint8Array(maps.values.buffer));
      expect(told.at(-1)).toBe(29 * 21);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      expect(pool.size()).toBe(size);
      pool.close();
    }
  });

  test("keeps its workers for the next sweep, and ends them when none comes", async () => {
    const pool = createSweepPool({ size: 1, idleMs: 50 });
    const { plan } = prepare();
    const options = { signal: new AbortController().signal, progress: () => {} };
    await pool.run(source, plan, options);
    await pool.run(source, plan, options);
    expect(pool.size()).toBe(1);
    await until("the workers are gone", () => pool.size() === 0);
  });

  test("ends its workers at once when it is told to stop", async () => {
    const pool = createSweepPool({ size: 2, idleMs: 1000 });
    const abort = new AbortController();
    const progress = () => abort.abort(new Error("enough"));
    await expect(pool.run(source, endless().plan, { signal: abort.signal, progress })).rejects.toThrow("enough");
    expect(pool.size()).toBe(0);
  });
});

describe("sweeps", () => {
  test("run one after another, and tell how far they are", async () => {
    const sweeps = open();
    const first = await sweeps.begin(endless(), by);
    const second = await sweeps.begin(prepare(), by);
    const moving = await until("the first has run some points", async () => {
      const row = await selectSweep(database.sql, first);
      return row && row.done > 0 ? row : null;
    });
    expect(moving).toMatchObject({ state: "running", points: 999_000, createdBy: "Ada" });
    expect(await selectSweep(database.sql, second)).toMatchObject({ state: "queued", done: 0 });
    expect(await sweeps.cancel(first, by)).toBe(true);
    await sweeps.idle();
    expect(await selectSweep(database.sql, first)).toMatchObject({ state: "cancelled", result: null });
    expect(await selectSweep(database.sql, second)).toMatchObject({ state: "success", done: 609, error: null });
    await sweeps.stop();
  });

  test("are cancelled while they wait, without those before them", async () => {
    const sweeps = open();
    await sweeps.begin(endless(), by);
    const waiting = await sweeps.begin(prepare(), by);
    expect(await sweeps.cancel(waiting, by)).toBe(true);
    expect(await sweeps.cancel(waiting, by)).toBe(false);
    await until("the first runs", async () => (await selectSweeps(database.sql, 5))[1]?.state === "running");
    expect((await selectSweeps(database.sql, 5)).map(({ state }) => state)).toEqual(["cancelled", "running"]);
    await sweeps.stop();
  });

  test("are cancelled by another process", async () => {
    const [here, there] = [await openProcess(database, { prepare: prepareAgain }), open()];
    const id = await here.sweeps.begin(endless(), by);
    await until("it runs", async () => (await selectSweep(database.sql, id))?.state === "running");
    expect(await there.cancel(id, by)).toBe(true);
    await here.sweeps.idle();
    expect(await selectSweep(database.sql, id)).toMatchObject({ state: "cancelled" });
    await Promise.all([here.stop(), there.stop()]);
  });

  test("wait for the next start when Barline stops, those that ran as well, and go on then", async () => {
    const sweeps = open();
    const first = await sweeps.begin(endless(), by);
    await until("it runs", async () => (await selectSweep(database.sql, first))?.state === "running");
    const second = await sweeps.begin(prepare(), by);
    await sweeps.stop();
    const rows = await selectSweeps(database.sql, 5);
    expect(rows.map(({ state, error }) => [state, error])).toEqual([
      ["queued", null],
      ["queued", null],
    ]);
    const next = open();
    expect(await next.cancel(first, by)).toBe(true);
    await next.start();
    await next.idle();
    expect(await selectSweep(database.sql, second)).toMatchObject({ state: "success", done: 609 });
    await next.stop();
  });

  test("of a version that knew no other process are told as interrupted where theirs was killed, and can be closed", async () => {
    const { sql } = database;
    await sql`
      insert into barline.sweeps (request, state, points, done, created_by)
      values ('{}', 'running', 10, 4, 'Ada')`;
    expect(await selectSweep(sql, 1)).toMatchObject({ state: "interrupted", done: 4 });
    const sweeps = open();
    expect(await sweeps.cancel(1, by)).toBe(true);
    expect(await selectSweep(sql, 1)).toMatchObject({ state: "cancelled" });
    await sweeps.stop();
  });

  test("wait in a queue that has an end", async () => {
    const sweeps = open();
    for (let queued = 0; queued <= mostWaiting; queued++) await sweeps.begin(endless(), by);
    await expect(sweeps.begin(prepare(), by)).rejects.toMatchObject({ status: 429, code: "busy" });
    await sweeps.stop();
    await expect(sweeps.begin(prepare(), by)).rejects.toMatchObject({ status: 503 });
  });

  test("are forgotten from the oldest on, but none that has not ended", async () => {
    const { sql } = database;
    await sql`
      insert into barline.sweeps (request, state, points, created_by, finished_at)
      select '{}', case when number = 2 then 'running' else 'success' end, 1, 'Ada', case when number <> 2 then now() end
      from generate_series(1, ${mostKept + 3}::int) as number`;
    await sql`
      insert into barline.research_pieces (kind, sweep_id, input, state, lease_owner, lease_expires_at)
      values ('sweep', 2, '{}', 'running', '99', now() + interval '1 hour')`;
    const sweeps = open();
    await sweeps.begin(prepare(), by);
    const ids = (await selectSweeps(sql, 1000)).map(({ id }) => id);
    expect(ids.slice(-2)).toEqual([5, 2]);
    expect(ids).toHaveLength(mostKept + 1);
    await sweeps.stop();
  });

  test("that fail say why, and the next one runs", async () => {
    const failing = open(
      poolOf(`
      self.onmessage = ({ data }) => data.type === "run" && self.postMessage({ type: "failed", message: "the bars are odd" });`),
    );
    const id = await failing.begin(prepare(), by);
    await failing.idle();
    expect(await selectSweep(database.sql, id)).toMatchObject({ state: "failed", error: "the bars are odd" });
    await failing.stop();
    const broken = open(poolOf(`throw new Error("no such module");`));
    const second = await broken.begin(prepare(), by);
    await broken.idle();
    expect((await selectSweep(database.sql, second))?.error).toContain("no such module");
    await broken.stop();
  });

  test("whose worker dies fail", async () => {
    const sweeps = open(poolOf(`self.onmessage = ({ data }) => data.type === "run" && process.exit(1);`));
    const id = await sweeps.begin(prepare(), by);
    await sweeps.idle();
    expect(await selectSweep(database.sql, id)).toMatchObject({
      state: "failed",
      error: "A worker of the sweep ended unexpectedly.",
    });
    await sweeps.stop();
  });

  test("of which no point can be run fail with the reasons", async () => {
    const sweeps = open();
    const params = { shortWindow: { from: 500, to: 600 }, longWindow: { from: 481, to: 520 } };
    const id = await sweeps.begin(prepare({ params, walkForward: null }), by);
    await sweeps.idle();
    // Of 101 × 40 pairs, 500 to 519 are below what is left of 501 to 520: 20 + 19 + … + 1 = 210. In sample are 490 sessions.
    expect(await selectSweep(database.sql, id)).toMatchObject({
      state: "failed",
      error:
        "None of the 4,040 points can be run: in 3,830 the parameters do not go together; 210 need more sessions to warm up than the 490 in sample.",
    });
    await sweeps.stop();
  });
});
