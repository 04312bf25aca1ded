import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { tryLockFile } from "../../db/file-lock.ts";
import { startBarline } from "../support/barline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { until } from "../support/until.ts";
import { marketSize } from "../support/warehouse.ts";
import { fetchingFrom, openWarehouse, refusedStart, type Spawned, spawnBarline } from "./support.ts";

/** A container's own count of process ids, where we may make one. */
const namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
const hasNamespaces = Bun.spawnSync([...namespace, "true"], { stderr: "ignore" }).exitCode === 0;

let market: FaultyMarket;
let dataDir: string;
/** What ends each: `unshare` takes a container with it when it is killed, and hears nothing else. */
const spawned: { started: Spawned; end: NodeJS.Signals }[] = [];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
});
afterAll(() => market.stop());
afterEach(async () => {
  for (const { started, end } of spawned.splice(0)) {
    started.process.kill(end);
    await started.process.exited;
  }
  await rm(dataDir, { recursive: true, force: true });
});

function newFolder(): void {
  dataDir = mkdtempSync(join(tmpdir(), "barline-volume-"));
  chmodSync(dataDir, 0o755);
}

function spawn(options: { within?: string[]; args?: string[] } = {}): Spawned {
  const started = spawnBarline(dataDir, fetchingFrom(market), options);
  spawned.push({ started, end: options.within ? "SIGKILL" : "SIGTERM" });
  return started;
}

const untilReady = (started: Spawned) => until("it is there", () => started.output().includes("Barline is at"), 60_000);

/** As its own lock file has it. */
const serverPid = async () =>
  Number((await readFile(join(dataDir, "postgres", "postmaster.pid"), "utf8")).split("\n")[0]);

test("a second process is refused with code 2, is told who has the folder, and leaves the first one alone", async () => {
  newFolder();
  const first = spawn();
  await untilReady(first);
  const { code, output } = await refusedStart(dataDir, fetchingFrom(market));
  expect(code).toBe(2);
  expect(output).toStartWith(
    `Another Barline runs on ${dataDir}: process ${first.process.pid} on host ${hostname()}, since 2`,
  );
  expect(output.trim()).not.toContain("\n");
  const sql = await openWarehouse(dataDir);
  expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }]);
  await sql.end();
});

test("with --wait it says whom it waits for, and takes over when that one stops", async () => {
  newFolder();
  const first = spawn();
  await untilReady(first);
  const second = spawn({ args: ["--wait"] });
  await until("it waits", () => second.output().includes("waiting until it stops"), 30_000);
  expect(second.output()).toContain(`process ${first.process.pid} on host`);
  first.process.kill("SIGTERM");
  expect(await first.process.exited).toBe(0);
  await untilReady(second);
  expect(second.output().split("waiting until it stops")).toHaveLength(2);
});

test("a signal ends the waiting with code 0", async () => {
  newFolder();
  const first = spawn();
  await untilReady(first);
  const second = spawn({ args: ["--wait"] });
  await until("it waits", () => second.output().includes("waiting until it stops"), 30_000);
  second.process.kill("SIGTERM");
  expect(await second.process.exited).toBe(0);
});

test.skipIf(!hasNamespaces)(
  "one in another container is refused as well, where process ids mean other processes",
  async () => {
    newFolder();
    const first = spawn({ within: namespace });
    await untilReady(first);
    const pid = await serverPid();
    for (const within of [[], namespace]) {
      const { code, output } = await refusedStart(dataDir, fetchingFrom(market), { within });
      expect({ code, output }).toMatchObject({ code: 2, output: expect.stringContaining("Another Barline runs") });
    }
    expect(await serverPid()).toBe(pid);
    const sql = await openWarehouse(dataDir);
    expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }]);
    await sql.end();
  },
);

test.skipIf(!hasNamespaces)(
  "a lock file that a killed container left, with a number that is somebody's here, keeps nobody from starting",
  async () => {
    newFolder();
    const first = spawn({ within: namespace });
    await untilReady(first);
    first.process.kill("SIGKILL");
    await until("its server is gone with it", () => {
      const lock = tryLockFile(join(dataDir, "postgres.lock"));
      lock?.release();
      return lock !== null;
    });
    const lockFile = join(dataDir, "postgres", "postmaster.pid");
    const [, ...rest] = (await readFile(lockFile, "utf8")).split("\n");
    await writeFile(lockFile, [process.pid, ...rest].join("\n"));
    await untilReady(spawn());
  },
);

test("a server that outlives its killed Barline is adopted, and holds its files until it ends", async () => {
  newFolder();
  const first = await startBarline(fetchingFrom(market), dataDir);
  await first.end("SIGKILL");
  const pid = await serverPid();
  // The data folder is free, its database is not.
  const folder = tryLockFile(join(dataDir, "barline.lock"));
  expect(folder).not.toBeNull();
  expect(tryLockFile(join(dataDir, "postgres.lock"))).toBeNull();
  folder?.release();
  await untilReady(spawn());
  expect(await serverPid()).toBe(pid);
});

test("an argument that is not known is refused with code 2", async () => {
  newFolder();
  const { code, output } = await refusedStart(dataDir, {}, { args: ["--wiat"] });
  expect({ code, output }).toEqual({ code: 2, output: "--wiat is not known; the only argument is --wait.\n" });
});
