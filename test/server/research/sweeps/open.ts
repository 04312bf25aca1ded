import type { Logger } from "pino";
import pino from "pino";
import { openPool, type Sql } from "../../../../db/client.ts";
import { lockProcess } from "../../../../db/queries/pipeline/leases.ts";
import { endProcess, registerProcess, renewProcess } from "../../../../db/queries/pipeline/processes.ts";
import { answerBacktest } from "../../../../server/research/backtests/elsewhere.ts";
import { createSweepPool, type SweepPool } from "../../../../server/research/sweeps/pool.ts";
import { prepareSweep } from "../../../../server/research/sweeps/prepare.ts";
import { createSweeps, type Sweeps, type SweepsOptions } from "../../../../server/research/sweeps/sweeps.ts";
import type { TestDatabase } from "../../../support/database.ts";

type Given = Partial<Pick<SweepsOptions, "prepare" | "version">> & { pool?: SweepPool | null; log?: Logger };

const silent = pino({ level: "silent" });
let lastOwner = 0;

/** Sweeps as one process has them that nobody else knows of: without its lock others would take what it has. */
export function openSweeps(
  sql: Sql,
  { pool = createSweepPool({ size: 2, idleMs: 1000 }), ...given }: Given = {},
): Sweeps {
  const [owner, log] = [String(++lastOwner), given.log ?? silent];
  return createSweeps({
    ...{ sql, pool, log, owner, version: given.version ?? "0.0.0" },
    prepare: given.prepare ?? ((request) => prepareSweep(sql, request)),
    runBacktest: (piece) => answerBacktest(piece, { sql, read: sql, owner, log }),
  });
}

/** A process that takes sweeps, as others see it: registered, with its lock. It begins to take with `start`. */
export async function openProcess(database: TestDatabase, given: Given & { roles?: string[] } = {}) {
  const { url, sql } = database;
  const sweeps = openSweeps(sql, given);
  const owner = String(lastOwner);
  const lock = openPool(url, "lock");
  await lockProcess(lock, lastOwner);
  const identity = { host: "test", pid: lastOwner, version: "0.0.0", workers: 2, roles: given.roles ?? ["sweep"] };
  await registerProcess(sql, owner, identity);
  await renewProcess(sql, owner, false);
  const gone = async () => {
    await lock.end({ timeout: 0.5 });
  };
  return {
    sweeps,
    owner,
    /** Ends as in good order. */
    stop: async () => {
      await sweeps.stop();
      await endProcess(sql, owner);
      await gone();
    },
    /** Its lock goes as when it is killed. */
    gone,
  };
}
