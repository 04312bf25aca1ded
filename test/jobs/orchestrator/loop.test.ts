import { describe, expect, test } from "bun:test";
import { startDeadline } from "../../../jobs/orchestrator/deadline.ts";
import { startLoop } from "../../../jobs/orchestrator/loop.ts";
import { createWatch } from "../../../jobs/orchestrator/watch.ts";
import { until } from "../../support/until.ts";
import { captureLog, createGate, type LogLines } from "./harness.ts";

const restMs = 60_000;

describe("a loop", () => {
  test("makes one more turn for any number of wakes during one", async () => {
    let turns = 0;
    const gates = [createGate(), createGate()];
    const loop = startLoop({
      longestMs: restMs,
      turn: async () => {
        await gates[turns++]?.opened;
        return restMs;
      },
    });
    loop.wake();
    loop.wake();
    loop.wake();
    gates[0]?.open();
    await until("the second turn", () => turns === 2);
    gates[1]?.open();
    await loop.stop();
    expect(turns).toBe(2);
  });

  test("loses no wake at any moment around the end of a turn", async () => {
    for (let ticks = 0; ticks < 12; ticks++) {
      let turns = 0;
      const loop = startLoop({ longestMs: restMs, turn: async () => ++turns && restMs });
      loop.wake();
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
      const before = turns;
      loop.wake();
      await until("a turn after the wake", () => turns > before);
      await loop.stop();
    }
  });

  test("turns by itself after the rest that it was told, and at the longest after its own", async () => {
    let turns = 0;
    const loop = startLoop({ longestMs: 5, turn: async () => (++turns === 1 ? 1 : Number.POSITIVE_INFINITY) });
    loop.wake();
    await until("five turns", () => turns >= 5);
    await loop.stop();
    const stopped = turns;
    loop.wake();
    expect(turns).toBe(stopped);
  });
});

describe("a watch", () => {
  test("says once that the database is away and once that it is back, and any other error each time", async () => {
    const lines: LogLines = [];
    const watch = createWatch(captureLog(lines));
    const away = () => Promise.reject(Object.assign(new Error("no route"), { code: "ECONNREFUSED" }));
    const bug = () => Promise.reject(new TypeError("oops"));
    const well = async () => 1;
    const said: number[] = [];
    for (const work of [well, away, away, bug, away, well, well, bug, bug])
      said.push(await watch.guarded("x", 0, work));
    expect(said).toEqual([1, 0, 0, 0, 0, 1, 1, 0, 0]);
    expect(lines.map((line) => line.level)).toEqual(["warn", "error", "info", "error", "error"]);
    watch.close();
    await watch.guarded("x", 0, bug);
    expect(lines.length).toBe(5);
  });

  test("says that the database is back when all that waited for it has been answered", async () => {
    const lines: LogLines = [];
    const watch = createWatch(captureLog(lines));
    const away = () => Promise.reject(Object.assign(new Error("no route"), { code: "ECONNREFUSED" }));
    await watch.guarded("turn", 0, away);
    await watch.guarded("heartbeat", 0, away);
    await watch.guarded("turn", 0, async () => 1);
    await watch.guarded("heartbeat", 0, away);
    expect(lines.map((line) => line.level)).toEqual(["warn"]);
    await watch.guarded("heartbeat", 0, async () => 1);
    expect(lines.map((line) => line.level)).toEqual(["warn", "info"]);
  });
});

describe("a deadline", () => {
  test("waits for work that ends or fails, and not for work that does neither", async () => {
    const deadline = startDeadline(30);
    await deadline.within(Promise.resolve());
    await deadline.within(Promise.reject(new Error("no")));
    await deadline.within(new Promise(() => {}));
    deadline.clear();
  });
});
