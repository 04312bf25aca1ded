import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openPool, type Sql } from "../../db/client.ts";
import { lockService, unlockService } from "../../db/queries/operations/services.ts";
import { createDailyService, type DailyOptions, type DailyService, type Hour } from "../../jobs/daily.ts";
import { createTestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import { captureLog, createGate, type LogLines, untilAborted } from "./orchestrator/harness.ts";

const database = await createTestDatabase();
afterAll(() => database.drop());

const hourMs = 3_600_000;
const hour: Hour = { cron: "30 4 * * *", timeZone: "America/New_York" };

/** What the processes share, as the records of a service in the database. */
let records: { asked: string | null; begun: Date; ended: boolean }[];
let time: Date;
let lines: LogLines;
let opened: { service: DailyService<string>; sql: Sql }[];

beforeEach(() => {
  records = [];
  time = new Date("2026-11-23T09:30:00Z");
  lines = [];
  opened = [];
});
afterEach(async () => {
  for (const { service, sql } of opened) {
    await service.stop();
    await sql.end();
  }
});

/** A service as a process of its own has it, and the call that lets its clock strike, and answers whether that woke it. */
function open(more: Partial<DailyOptions<string>> = {}): { service: DailyService<string>; strike(): boolean } {
  const sql = openPool(database.url, "work", { max: 2 });
  const ticks = new Set<() => void>();
  const service = createDailyService<string>({
    ...{ sql, hour, log: captureLog(lines), now: () => time },
    lock: "housekeeping",
    restMs: { start: 24 * hourMs, hour: 12 * hourMs },
    isFirstDueAtStart: true,
    selectLast: async () => records.findLast(({ ended }) => ended)?.begun,
    open: async (asked) => records.push({ asked, begun: time, ended: false }),
    work: async (id) => end(id),
    title: "sweeping",
    refusal: "Somebody sweeps already.",
    clock: (_, tick) => {
      ticks.add(tick);
      return () => ticks.delete(tick);
    },
    ...more,
  });
  opened.push({ service, sql });
  return {
    service,
    strike: () => {
      for (const tick of ticks) tick();
      return ticks.size > 0;
    },
  };
}

function end(id: number): void {
  const record = records[id - 1];
  if (record) record.ended = true;
}

const ended = (count: number) => until(`${count} are done`, () => records.filter((one) => one.ended).length === count);
const later = (hours: number) => {
  time = new Date(time.getTime() + hours * hourMs);
};

/** Whether nobody holds the lock. */
async function isFree(): Promise<boolean> {
  const connection = await database.sql.reserve();
  const locked = await lockService(connection, "housekeeping");
  if (locked) await unlockService(connection, "housekeeping");
  connection.release();
  return locked;
}

const free = () => until("the lock is free", isFree);

describe("a daily service", () => {
  test("does its work at a start where the last time is long ago, and at each hour from then on", async () => {
    const { service, strike } = open();
    await service.start();
    await ended(1);
    await free();
    later(24);
    strike();
    await ended(2);
    expect(records.map(({ asked }) => asked)).toEqual([null, null]);
    expect(lines).toEqual([]);
  });

  test("catches up at the next start what was missed while nothing ran, and only then", async () => {
    records.push({ asked: null, begun: time, ended: true });
    later(23);
    await open().service.runIfDue("start");
    expect(records).toHaveLength(1);
    later(1);
    await open().service.start();
    await ended(2);
  });

  test("goes by another rest at the hour than at a start, and may leave a first time to the hour", async () => {
    const { service } = open({ isFirstDueAtStart: false });
    await service.runIfDue("start");
    expect(records).toHaveLength(0);
    await service.runIfDue("hour");
    later(12);
    await service.runIfDue("start");
    expect(records).toHaveLength(1);
    await service.runIfDue("hour");
    expect(records).toHaveLength(2);
  });

  test("is done by one of the processes that the same hour wakes", async () => {
    const processes = [open(), open(), open()];
    await Promise.all(processes.map(({ service }) => service.runIfDue("hour")));
    // Also by one that looks when the first is done already.
    for (const { service } of processes) await service.runIfDue("hour");
    expect(records).toHaveLength(1);
  });

  test("stops when the work under way has ended, which the signal asks for, and is not woken again", async () => {
    const gate = createGate();
    const { service, strike } = open({
      work: async (id, _, signal) => {
        await untilAborted(signal).catch(() => {});
        await gate.opened;
        end(id);
      },
    });
    await service.start();
    await until("it has begun", () => records.length === 1);
    let hasStopped = false;
    const stopped = service.stop().then(() => {
      hasStopped = true;
    });
    expect(await isFree()).toBe(false);
    expect(hasStopped).toBe(false);
    gate.open();
    await stopped;
    expect(records).toMatchObject([{ ended: true }]);
    later(48);
    expect(strike()).toBe(false);
    await service.runIfDue("hour");
    expect(records).toHaveLength(1);
  });

  test("is tried again after an error, which is logged, does not end it and leaves the lock free", async () => {
    let failing: "selectLast" | "open" | "work" | null = "selectLast";
    const failed: string[] = [];
    const fail = (what: string) => {
      if (failing !== what) return;
      failed.push(what);
      throw new Error(`${what} is on fire`);
    };
    const { service, strike } = open({
      selectLast: async () => void fail("selectLast"),
      open: async (asked) => {
        fail("open");
        return records.push({ asked, begun: time, ended: false });
      },
      work: async (id) => {
        fail("work");
        end(id);
      },
    });
    await service.start();
    for (const [index, next] of (["open", "work", null] as const).entries()) {
      await until("the error is logged", () => lines.length === index + 1);
      await free();
      failing = next;
      strike();
    }
    await ended(1);
    expect(failed).toEqual(["selectLast", "open", "work"]);
    const line = { level: "error", msg: "sweeping could not begin", error: expect.anything() };
    expect(lines).toMatchObject([line, line, line]);
  });

  test("begins for whoever asks, however lately it was done, and answers before it is done", async () => {
    const gate = createGate();
    records.push({ asked: null, begun: time, ended: true });
    const work = async (id: number) => {
      await gate.opened;
      end(id);
    };
    const { service } = open({ work });
    expect(await service.begin("Ada")).toBe(2);
    expect(records.at(-1)).toMatchObject({ asked: "Ada", ended: false });
    const refused = { code: "conflict", message: "Somebody sweeps already." };
    await Promise.all([
      expect(service.begin("Bob")).rejects.toMatchObject(refused),
      expect(open().service.begin("Cid")).rejects.toMatchObject(refused),
    ]);
    gate.open();
    await service.stop();
    expect(records.at(-1)).toMatchObject({ asked: "Ada", ended: true });
  });

  test("tells whoever asks why it cannot begin, and logs what fails afterwards", async () => {
    const broken = open({ open: () => Promise.reject(new Error("no record")) });
    await Promise.all([expect(broken.service.begin("Ada")).rejects.toThrow("no record")]);
    await free();
    const { service } = open({ work: () => Promise.reject(new Error("no end")) });
    await service.begin("Ada");
    await until("the error is logged", () => lines.length === 1);
    expect(lines[0]).toMatchObject({ level: "error", msg: "sweeping could not end in good order" });
  });

  test("asks its clock for its hour, in the time of its place", async () => {
    const asked: Hour[] = [];
    const { service } = open({
      clock: (given) => {
        asked.push(given);
        return () => {};
      },
    });
    await service.start();
    await ended(1);
    expect(asked).toEqual([hour]);
  });
});
