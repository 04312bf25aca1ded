import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { marketErrorCodes, statusFailure } from "../../../jobs/market/failures.ts";
import { createKeyGuard, retryRefusedRuns } from "../../../jobs/market/refused-key.ts";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";
import { packError, unpackError } from "../../../jobs/orchestrator/messages.ts";
import type { WorkerPool } from "../../../jobs/orchestrator/pool-types.ts";
import { judge } from "../../../jobs/orchestrator/retry.ts";
import type { Orchestrator } from "../../../jobs/orchestrator/types.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

const code = marketErrorCodes.refusedKey;
/** The sentence of another day: only the code says what it is. */
const reworded = () => new PermanentError("No such key, says the vendor.", { code });
/** The sentence of today, of an error that is another one. */
const alike = () => new PermanentError("The market API refused the key (/v2/aggs)");

describe("the guard of a key", () => {
  /** Whether a call is still let through after a worker's batch ended with `error`. */
  async function isLetThroughAfter(error: Error): Promise<boolean> {
    const guard = createKeyGuard(() => new Date("2025-01-03T12:00:00Z"));
    const run = () => Promise.reject(unpackError(structuredClone(packError(error))));
    const pool = guard.watchPool({ run } as unknown as WorkerPool);
    await expect((pool.run as () => Promise<unknown>)()).rejects.toThrow(error.message);
    const acquired = guard.guardLimiter({ acquire: async () => {} }).acquire();
    return await acquired.then(
      () => true,
      () => false,
    );
  }

  test("knows a refusal by its code, whatever it says, from a worker too", async () => {
    expect(await isLetThroughAfter(reworded())).toBe(false);
    expect(await isLetThroughAfter(alike())).toBe(true);
  });
});

test("what the vendor's refusals mean has a code, which is kept with the run", () => {
  const failure = (status: number) =>
    statusFailure({ status, headers: new Headers(), text: "" }, "/v2/aggs", (text) => text, new Date(0));
  expect(judge(failure(401))).toMatchObject({ kind: "fail", error: { code: "refused_key" } });
  expect(judge(failure(429))).toMatchObject({ kind: "retry", error: { code: "rate_limited" } });
  expect(failure(500).code).toBeUndefined();
  expect(judge(failure(404))).toEqual({
    kind: "fail",
    error: { name: "PermanentError", message: "The market API answered 404 (/v2/aggs)" },
  });
});

describe("a start with a good key", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  async function addFailed(partition: string, error: PermanentError): Promise<number> {
    const verdict = judge(error);
    if (verdict.kind !== "fail") throw new Error("It is not one that fails a run.");
    const { sql } = database;
    const [row] = await sql<[{ id: number }]>`
      insert into barline.runs (job_id, state, trigger, partition, partition_to, error, finished_at)
      values (${jobIds.ingest}, 'failed', 'schedule', ${partition}, ${partition}, ${sql.json(verdict.error)}, now())
      returning id`;
    await sql`insert into barline.run_partitions values (${jobIds.ingest}, ${partition}, ${row.id})`;
    return row.id;
  }

  test("tries again what failed with the code, and nothing that only says so", async () => {
    const refused = await addFailed("2025-01-02", reworded());
    await addFailed("2025-01-03", alike());
    const retried: number[] = [];
    const orchestrator = { retryRun: async (id: number) => void retried.push(id) } as unknown as Orchestrator;
    expect(await retryRefusedRuns(database.sql, orchestrator, jobIds.ingest)).toBe(1);
    expect(retried).toEqual([refused]);
  });
});
