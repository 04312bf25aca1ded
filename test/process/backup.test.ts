import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { settle } from "../support/pipeline.ts";
import {
  barsBetween,
  expectCleanState,
  expectFact,
  marketSize,
  openMarket,
  warehouseDigest,
} from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom, openWarehouse } from "./support.ts";

const first = { from: "2018-08-13", to: "2018-08-24" };
const next = "2018-08-27";

let market: FaultyMarket;
let barline: BarlineProcess;
let folder: string;

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  barline = await startBarline(fetchingFrom(market));
  folder = await mkdtemp(join(tmpdir(), "barline-backup-"));
  await chmod(folder, 0o755);
}, 60_000);
afterAll(async () => {
  await barline.stop();
  await market.stop();
  await rm(folder, { recursive: true });
});

/** Runs `server/backup.ts` or `server/restore.ts` as its script does. */
async function command(name: "backup" | "restore", dataDir: string, ...words: string[]) {
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn([process.execPath, `server/${name}.ts`, ...words], {
    cwd: join(import.meta.dir, "../.."),
    // As in the image, but without the password that listening there takes.
    env: { PATH, HOME, DATA_DIR: dataDir, HOST: "0.0.0.0" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, told] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  return { code, told };
}

test("a Barline at work is backed up, and another goes on from there on a data folder of its own", async () => {
  const sql = await openWarehouse(barline.dataDir);
  await backfillByApi(barline.url, first.from, first.to);
  await settle(sql);
  const digest = await warehouseDigest(sql);
  await sql.end();

  const file = join(folder, "barline.backup");
  expect(await command("backup", barline.dataDir, file, "--lake")).toMatchObject({ code: 0 });
  expect((await fetch(`${barline.url}/readyz`)).status).toBe(200);
  const full = await command("restore", barline.dataDir, file);
  expect(full).toMatchObject({ code: 1, told: expect.stringContaining("is not empty") });

  const dataDir = join(folder, "restored");
  expect(await command("restore", dataDir, file)).toMatchObject({ code: 0 });
  const another = await startBarline(fetchingFrom(market), dataDir);
  try {
    const restored = await openWarehouse(dataDir);
    expect(await warehouseDigest(restored)).toBe(digest);
    await backfillByApi(another.url, next, next);
    await settle(restored);
    await expectCleanState(restored);
    await expectFact(restored, barsBetween(openMarket(), first.from, next), openMarket());
    await restored.end();
  } finally {
    await another.end("SIGTERM");
  }
  // Its server runs no longer: it is started for the backup, and stopped after it.
  expect(await command("backup", dataDir, join(folder, "again.backup"))).toMatchObject({ code: 0 });
  expect(await Bun.file(join(dataDir, "postgres", "postmaster.pid")).exists()).toBe(false);
}, 120_000);

test.each([[[]], [["--lake"]], [["one", "two"]], [["one", "--all"]]])(
  "%p is answered with the usage",
  async (words) => {
    expect(await command("backup", "/nonexistent", ...words)).toEqual({
      code: 2,
      told: "Usage: bun run backup FILE [--lake]\n",
    });
  },
);
