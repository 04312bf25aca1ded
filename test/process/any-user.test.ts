import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdtempSync, realpathSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { settle } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { marketSize, season } from "../support/warehouse.ts";
import {
  addressOf,
  backfillByApi,
  fetchingFrom,
  openWarehouse,
  refusedStart,
  type SpawnOptions,
  spawnBarline,
} from "./support.ts";

const isRoot = process.getuid?.() === 0;
/** A number that no user has. */
const uid = 12_345;
const asNobody = ["setpriv", "--reuid", String(uid), "--regid", "0", "--clear-groups"];
const mounted = ["unshare", "--mount", "sh", "-ec"];
const hasMounts = isRoot && Bun.spawnSync([...mounted, "true"], { stderr: "ignore" }).exitCode === 0;
const hasWrapper = [...new Bun.Glob("*/libnss_wrapper.so").scanSync({ cwd: "/usr/lib", onlyFiles: false })].length > 0;

let market: FaultyMarket;
let dataDir: string;

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
});
afterAll(() => market.stop());
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "barline-user-"));
  chmodSync(dataDir, 0o755);
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** Starts it, has it fetch and build a month, looks at what is there, and stops it. */
async function worksWith(options: SpawnOptions, look: () => Promise<void> = async () => {}): Promise<void> {
  const started = spawnBarline(dataDir, fetchingFrom(market), options);
  const isThere = () => addressOf(started.output()) !== undefined || started.process.exitCode !== null;
  await until("it is there, or has ended", isThere);
  const url = addressOf(started.output());
  if (url === undefined) throw new Error(`It ended with ${started.process.exitCode}: ${started.output()}`);
  await backfillByApi(url, season.from, "2018-08-31");
  const sql = await openWarehouse(dataDir);
  await settle(sql);
  await look();
  await sql.end();
  started.process.kill("SIGTERM");
  expect(await started.process.exited).toBe(0);
}

test("files of the lake and of dbt are for the owner and its group only", async () => {
  await worksWith({}, async () => {
    const found = ["lake", "dbt"].flatMap((folder) =>
      [...new Bun.Glob("**").scanSync({ cwd: join(dataDir, folder), onlyFiles: false, dot: true })].map((path) =>
        join(dataDir, folder, path),
      ),
    );
    expect(found.length).toBeGreaterThan(20);
    const open = found.filter((path) => (statSync(path).mode & 0o027) !== 0);
    expect(open).toEqual([]);
  });
});

test.skipIf(!isRoot)("a folder that root makes is one that the server's user may pass through", async () => {
  dataDir = join(dataDir, "deeper", "data");
  await worksWith({});
});

test.skipIf(!isRoot)(
  "a folder that the database server may not enter is told in one line, with what to do and code 2",
  async () => {
    chmodSync(dataDir, 0o700);
    const { code, output } = await refusedStart(dataDir, fetchingFrom(market));
    expect(code).toBe(2);
    expect(output).toStartWith('PostgreSQL does not run as root, so the system\'s user "postgres" runs it');
    expect(output).toContain(`may not enter ${dataDir}`);
    expect(output.trim()).not.toContain("\n");
  },
);

// Without nss_wrapper (Debian's libnss-wrapper), initdb does not run as a user without a name: another test is for that.
test.skipIf(!isRoot || !hasWrapper)("a user that the system has no name for can run all of it", async () => {
  chownSync(dataDir, uid, 0);
  await worksWith({ within: asNobody });
});

test.skipIf(!isRoot)("a folder that such a user may not write in is told in one line, with code 2", async () => {
  const { code, output } = await refusedStart(dataDir, fetchingFrom(market), { within: asNobody });
  expect({ code, output }).toMatchObject({
    code: 2,
    output: expect.stringMatching(/^DATA_DIR \S+ is no folder that user 12345 may write in \(EACCES\)\. .*\n$/),
  });
});

test.skipIf(!isRoot || hasWrapper)("without nss_wrapper such a user is told what to do, with code 2", async () => {
  chownSync(dataDir, uid, 0);
  const { code, output } = await refusedStart(dataDir, fetchingFrom(market), { within: asNobody });
  expect({ code, output }).toMatchObject({
    code: 2,
    output: expect.stringMatching(/^The system has no name for user 12345.*Install libnss-wrapper.*\n$/),
  });
});

test.skipIf(!isRoot)("files of another user are told of in one line, with code 2", async () => {
  await worksWith({});
  chownSync(dataDir, uid, 0);
  const { code, output } = await refusedStart(dataDir, fetchingFrom(market), { within: asNobody });
  expect({ code, output }).toMatchObject({ code: 2 });
  expect(output.trim()).not.toContain("\n");
});

test.skipIf(!hasMounts)(
  "with a read-only root file system and 64 MB of shared memory it works, and keeps shared memory in files",
  async () => {
    const script = `
      mount --bind "${realpathSync(dataDir)}" "${realpathSync(dataDir)}"
      mount -t tmpfs -o size=64m,mode=1777 shm /dev/shm
      mount -o remount,bind,ro /
      ! touch /tmp/barline-writable 2>/dev/null
      exec "$@"`;
    await worksWith({ within: [...mounted, script, "sh"] }, async () => {
      const sql = await openWarehouse(dataDir);
      expect([...(await sql`show dynamic_shared_memory_type`)]).toEqual([{ dynamic_shared_memory_type: "mmap" }]);
      await sql.end();
    });
  },
);
