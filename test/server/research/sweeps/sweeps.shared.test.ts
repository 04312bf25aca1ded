import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { selectSweep } from "../../../../db/queries/research/sweeps.ts";
import { sampleBars } from "../../../../server/backtest/checks/sample-bars.ts";
import { planOf, readRequest } from "../../../../server/research/sweeps/plan.ts";
import { createSweepPool } from "../../../../server/research/sweeps/pool.ts";
import type { PreparedSweep } from "../../../../server/research/sweeps/prepared.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { until } from "../../../support/until.ts";
import { openProcess } from "./open.ts";

setDefaultTimeout(60_000);

let database: TestDatabase;
const by = { name: "Ada", via: "api" } as const;
const bars = sampleBars(700, 5);

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql`truncate barline.sweeps, barline.research_pieces, barline.processes restart identity`;
});

const asked = readRequest({
  ...{ ticker: "WAVE", strategy: "momentum", walkForward: { windows: 3 } },
  params: { shortWindow: { from: 2, to: 30 }, longWindow: { from: 20, to: 60, step: 2 } },
});

const prepared = (dataVersion = "1"): PreparedSweep => ({
  ...{ request: asked, plan: planOf(asked, bars.dates), dates: bars.dates, dataVersion },
  source: { scope: "ticker", file: null, bars },
});

/** A process that reads what the others read, or `dataVersion`. */
const openOther = (dataVersion?: string) =>
  openProcess(database, {
    prepare: async () => prepared(dataVersion),
    pool: createSweepPool({ size: 1, idleMs: 100 }),
  });

/** One whose worker runs some points and then never answers: what it has is ended by others, or not at all. */
function openStuck() {
  const runtime = new URL("../../../../server/research/sweeps/worker-runtime.ts", import.meta.url).pathname;
  const entry = join(mkdtempSync(join(tmpdir(), "barline-worker-")), "worker.ts");
  writeFileSync(
    entry,
    `import { createSweepRuntime } from ${JSON.stringify(runtime)};
    let chunks = 0;
    const send = (message, transfer) => {
      if (message.type !== "chunk" || chunks++ < 3) self.postMessage(message, transfer);
    };
    const receive = createSweepRuntime(send, () => {});
    self.onmessage = ({ data }) => void receive(data);`,
  );
  const pool = createSweepPool({ size: 1, idleMs: 100, entry: pathToFileURL(entry) });
  return openProcess(database, { prepare: async () => prepared(), pool });
}

const found = async (id: number) => {
  const [row] = await database.sql`select state, error, done, result, maps from barline.sweeps where id = ${id}`;
  return row;
};

/** What one process finds that nobody helps. */
async function foundAlone() {
  const alone = await openOther();
  const id = await alone.sweeps.begin(prepared(), by);
  await alone.sweeps.idle();
  await alone.stop();
  return await found(id);
}

const piecesEnded = async () => {
  const rows = await database.sql`select from barline.research_pieces where kind = 'points' and state = 'success'`;
  return rows.length;
};

describe("a sweep of several processes", () => {
  test("whose process dies in the middle is taken over with what others ran of it, and finds what one alone finds", async () => {
    const leader = await openStuck();
    const id = await leader.sweeps.begin(prepared(), by);
    await until("it runs", async () => ((await selectSweep(database.sql, id))?.done ?? 0) > 0);
    const helper = await openOther();
    await helper.sweeps.start();
    await until("the other has run some points", async () => (await piecesEnded()) > 1);
    expect(await selectSweep(database.sql, id)).toMatchObject({ state: "running" });
    await leader.gone();
    await until("it has ended", async () => (await selectSweep(database.sql, id))?.finishedAt);
    await Promise.all([leader.stop(), helper.stop()]);
    expect(await found(id)).toMatchObject({ state: "success", done: 609, error: null });
    expect(await found(id)).toEqual(await foundAlone());
    expect([...(await database.sql`select from barline.research_pieces`)]).toEqual([]);
  });

  test("gets back the points that a process had when it died", async () => {
    const leader = await openOther();
    const helper = await openStuck();
    await database.sql`
      insert into barline.sweeps (request, state, points, created_by)
      values (${database.sql.json(asked as never)}, 'queued', 609, 'Ada')`;
    await database.sql`insert into barline.research_pieces (kind, sweep_id, input) values ('sweep', 1, '{}')`;
    const version = JSON.stringify(["0.0.0", "1", null]);
    await database.sql`
      insert into barline.research_pieces (kind, sweep_id, input, state, lease_owner, lease_expires_at)
      values ('points', 1, ${database.sql.json({ first: 100, count: 300, version })}, 'running', ${helper.owner}, now() + interval '1 minute')`;
    await leader.sweeps.start();
    await until("all others have been run", async () => (await selectSweep(database.sql, 1))?.done === 309);
    await helper.gone();
    await until("it has ended", async () => (await selectSweep(database.sql, 1))?.finishedAt);
    await Promise.all([leader.stop(), helper.stop()]);
    expect(await found(1)).toEqual(await foundAlone());
  });

  test("takes no points of other data", async () => {
    const { sql } = database;
    const leader = await openOther("2");
    await sql`
      insert into barline.sweeps (request, state, points, created_by)
      values (${sql.json(asked as never)}, 'queued', 609, 'Ada')`;
    await sql`
      insert into barline.research_pieces (kind, sweep_id, input, state, output)
      values ('points', 1, ${sql.json({ first: 0, count: 600, version: "of before" })}, 'success', '\\x00'),
        ('sweep', 1, '{}', 'queued', null)`;
    await leader.sweeps.start();
    await leader.sweeps.idle();
    await leader.stop();
    expect(await found(1)).toMatchObject({ state: "success", done: 609 });
  });

  test("is not begun again where it has brought down three processes", async () => {
    const { sql } = database;
    const process = await openOther();
    await sql`
      insert into barline.sweeps (request, state, points, created_by)
      values (${sql.json(asked as never)}, 'queued', 609, 'Ada')`;
    await sql`insert into barline.research_pieces (kind, sweep_id, input, losses) values ('sweep', 1, '{}', 3)`;
    await process.sweeps.start();
    await process.sweeps.idle();
    await process.stop();
    expect(await found(1)).toMatchObject({ state: "interrupted", error: expect.stringContaining("3 processes") });
  });

  test("waits where no process takes sweeps, and is cancelled there", async () => {
    const web = await openProcess(database, { pool: null, roles: ["web"] });
    const id = await web.sweeps.begin(prepared(), by);
    await web.sweeps.start();
    await web.sweeps.idle();
    expect(await selectSweep(database.sql, id)).toMatchObject({ state: "queued", done: 0 });
    expect(await web.sweeps.cancel(id, by)).toBe(true);
    expect(await selectSweep(database.sql, id)).toMatchObject({ state: "cancelled" });
    await web.stop();
  });
});
