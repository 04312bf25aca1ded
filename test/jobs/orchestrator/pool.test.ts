import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { CancelledError, PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";
import type { BatchCall, CrossedError } from "../../../jobs/orchestrator/messages.ts";
import { packError, unpackError } from "../../../jobs/orchestrator/messages.ts";
import { createWorkerPool } from "../../../jobs/orchestrator/pool.ts";
import type { BatchListener, WorkerPool, WorkerPoolOptions } from "../../../jobs/orchestrator/pool-types.ts";
import { judge } from "../../../jobs/orchestrator/retry.ts";
import { until } from "../../support/until.ts";
import { createGate } from "./harness.ts";

setDefaultTimeout(60_000);

const pools: WorkerPool[] = [];
afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
});

function openToyPool(options: Partial<WorkerPoolOptions> = {}): WorkerPool {
  const pool = createWorkerPool({
    entry: new URL("../../support/toy-worker.ts", import.meta.url),
    size: 2,
    slotsPerWorker: 2,
    settings: { colour: "red" },
    permit: async () => {},
    // Longer than any test: neither ends a worker that a busy machine keeps waiting.
    idleMs: 600_000,
    cancelGraceMs: 600_000,
    ...options,
  });
  pools.push(pool);
  return pool;
}

function call(handler: string, input: BatchCall["input"] = null, mapIndex = 0): BatchCall {
  const run = {
    id: 7,
    jobId: "toy",
    trigger: "manual" as const,
    partition: null,
    partitionTo: null,
    backfillId: null,
    parameters: {},
  };
  return { run, task: { id: 1, name: "work", mapIndex, try: 1 }, handler, input };
}

const deaf: BatchListener = { log() {}, progress() {} };
const nobody = new AbortController().signal;

/** The error that a batch ends with. */
const errorOf = (pool: WorkerPool, handler: string, signal = nobody): Promise<unknown> =>
  pool.run(call(handler), deaf, signal).then(
    () => undefined,
    (error) => error,
  );

describe("a worker pool", () => {
  test("runs a batch with its input and the pool's settings, in one worker as long as one is enough", async () => {
    const pool = openToyPool();
    expect(pool.size()).toBe(0);
    const first = await pool.run(call("echo", { toy: "bear" }, 3), deaf, nobody);
    expect(first.output).toEqual({ input: { toy: "bear" }, settings: { colour: "red" }, run: 7, task: 3 });
    await pool.run(call("echo"), deaf, nobody);
    expect([pool.size(), pool.capacity]).toEqual([1, 4]);
  });

  test("spreads batches over its workers, and hires no more than it may", async () => {
    const pool = openToyPool();
    const controller = new AbortController();
    const running = Array.from({ length: 4 }, () => errorOf(pool, "waits", controller.signal));
    expect(pool.size()).toBe(2);
    controller.abort();
    for (const error of await Promise.all(running)) expect(error).toBeInstanceOf(CancelledError);
    expect(pool.size()).toBe(2);
  });

  test("keeps an error's class, and what is to be done about it, across the boundary", async () => {
    const pool = openToyPool();
    const retryable = await errorOf(pool, "retryable");
    expect(retryable).toBeInstanceOf(RetryableError);
    expect(retryable).toMatchObject({ message: "busy", retryAfterMs: 1234, advice: "Wait.", outage: true });
    const permanent = await errorOf(pool, "permanent");
    expect(permanent).toBeInstanceOf(PermanentError);
    expect(permanent).toMatchObject({ message: "wrong", advice: "Mend it." });
    expect(judge(await errorOf(pool, "refused"))).toMatchObject({ kind: "retry", counts: false });
    expect(await errorOf(pool, "nosuch")).toMatchObject({ message: 'The worker knows no handler "nosuch".' });
  });

  test("fails a batch whose answer cannot cross, and its slot is free again", async () => {
    const pool = openToyPool({ size: 1 });
    expect(await errorOf(pool, "unsendable")).toBeInstanceOf(Error);
    expect((await pool.run(call("echo", 1), deaf, nobody)).output).toMatchObject({ input: 1 });
  });

  test("passes on logs, and progress with its end", async () => {
    const logs: unknown[] = [];
    const progress: unknown[] = [];
    const listener: BatchListener = {
      log: (...line) => logs.push(line),
      progress: (...step) => progress.push(step),
    };
    await openToyPool().run(call("tell"), listener, nobody);
    expect(logs).toEqual([["info", "hello from the worker", { n: 1 }]]);
    expect(progress).toEqual([
      [1, 4, "toys"],
      [4, 4, "toys"],
    ]);
  });

  test.each(["exits", "floats"])("answers for a worker that dies (%s), and hires another", async (handler) => {
    const pool = openToyPool({ size: 1 });
    const beside = errorOf(pool, "waits");
    const died = await errorOf(pool, handler);
    expect(died).toBeInstanceOf(RetryableError);
    expect(await beside).toBeInstanceOf(RetryableError);
    expect(pool.size()).toBe(0);
    expect((await pool.run(call("echo", 1), deaf, nobody)).output).toMatchObject({ input: 1 });
  });

  test("answers for an entry file that does not load", async () => {
    const pool = openToyPool({ entry: new URL("./no-such-worker.ts", import.meta.url) });
    expect(await errorOf(pool, "echo")).toBeInstanceOf(RetryableError);
    expect(pool.size()).toBe(0);
  });

  test.each(["ignores", "spins"])("ends a worker whose cancelled batch goes on (%s)", async (handler) => {
    const pool = openToyPool({ size: 1, cancelGraceMs: 200 });
    const controller = new AbortController();
    const begun = createGate();
    const listener: BatchListener = { ...deaf, log: begun.open };
    const stubborn = pool.run(call(handler), listener, controller.signal).catch((error) => error);
    const innocent = errorOf(pool, "ignores");
    await begun.opened;
    controller.abort();
    // Neither would ever end by itself.
    expect(await stubborn).toBeInstanceOf(CancelledError);
    expect(await innocent).toMatchObject({ name: "RetryableError", outage: true });
    expect(pool.size()).toBe(0);
    expect((await pool.run(call("echo", 1), deaf, nobody)).output).toMatchObject({ input: 1 });
  });

  test("begins nothing that was cancelled before", async () => {
    const pool = openToyPool();
    expect(await errorOf(pool, "echo", AbortSignal.abort())).toBeInstanceOf(CancelledError);
    expect(pool.size()).toBe(0);
  });

  test("ends idle workers", async () => {
    const pool = openToyPool({ idleMs: 30 });
    await pool.run(call("echo"), deaf, nobody);
    await until("no worker is left", () => pool.size() === 0);
    await pool.run(call("echo"), deaf, nobody);
  });

  test("rejects what still runs when it closes", async () => {
    const pool = openToyPool();
    const running = errorOf(pool, "ignores");
    pool.close();
    expect(await running).toBeInstanceOf(CancelledError);
    expect(pool.size()).toBe(0);
  });
});

describe("permits", () => {
  test("of all workers are counted by the process", async () => {
    let granted = 0;
    const pool = openToyPool({
      permit: async (resource) => {
        expect(resource).toBe("toys");
        granted++;
      },
    });
    await Promise.all([5, 6, 7].map((count) => pool.run(call("permits", count), deaf, nobody)));
    expect(granted).toBe(18);
  });

  test("that are not given hold the batch up until it is cancelled", async () => {
    const gate = createGate();
    const asked = createGate();
    const pool = openToyPool({
      permit: () => {
        asked.open();
        return gate.opened;
      },
    });
    const controller = new AbortController();
    const waiting = pool.run(call("permits", 1), deaf, controller.signal).catch((error) => error);
    await asked.opened;
    controller.abort();
    expect(await waiting).toBeInstanceOf(CancelledError);
    gate.open();
    expect((await pool.run(call("permits", 1), deaf, nobody)).output).toBe("all");
    expect(pool.size()).toBe(1);
  });

  test("that are refused fail the batch that asked, with their reason, and no other", async () => {
    const pool = openToyPool({
      size: 1,
      permit: () => Promise.reject(new RetryableError("nobody counts", { outage: true })),
    });
    const controller = new AbortController();
    const beside = errorOf(pool, "waits", controller.signal);
    const refused = await pool.run(call("permits", 1), deaf, nobody).catch((error) => error);
    expect(refused).toMatchObject({ name: "RetryableError", message: "nobody counts", outage: true });
    expect(pool.size()).toBe(1);
    controller.abort();
    await beside;
  });
});

describe("an error that crosses", () => {
  test("is cloned as plain data, whatever was thrown", () => {
    const crossed: CrossedError = structuredClone(packError("just a text"));
    expect(unpackError(crossed).message).toBe("just a text");
    const named = unpackError(structuredClone(packError(new RangeError("too far"))));
    expect([named.name, named.message]).toEqual(["RangeError", "too far"]);
    for (const Known of [PermanentError, RetryableError]) {
      const known = unpackError(structuredClone(packError(new Known("no", { code: "known" }))));
      expect(known).toBeInstanceOf(Known);
      expect(known).toMatchObject({ message: "no", code: "known" });
    }
  });
});
