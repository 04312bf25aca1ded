import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import type { AppEnv } from "../../../server/http/environment.ts";
import { createSnapshots, dropAfterChanges } from "../../../server/http/snapshots.ts";

/** Snapshots under a clock of the test's, and readings that end when it says. */
function opened() {
  const clock = { ms: Date.parse("2026-03-02T15:00:00Z") };
  const snapshots = createSnapshots({ keepMs: 1000, now: () => new Date(clock.ms) });
  const readings: PromiseWithResolvers<string>[] = [];
  const read = () => {
    const reading = Promise.withResolvers<string>();
    readings.push(reading);
    return reading.promise;
  };
  return { clock, snapshots, readings, ask: (name = "page") => snapshots.of(name, read) };
}

describe("a snapshot", () => {
  test("is read once for all who ask at once, however long that takes", async () => {
    const { clock, readings, ask } = opened();
    const asked = [ask(), ask()];
    clock.ms += 60_000;
    asked.push(ask());
    expect(readings).toHaveLength(1);
    readings[0]?.resolve("first");
    expect(await Promise.all(asked)).toEqual(["first", "first", "first"]);
  });

  test("is answered for a second from when its reading began", async () => {
    const { clock, readings, ask } = opened();
    const first = ask();
    clock.ms += 400;
    readings[0]?.resolve("first");
    await first;
    clock.ms += 599;
    expect(await ask()).toBe("first");
    clock.ms += 1;
    const second = ask();
    readings[1]?.resolve("second");
    expect(await second).toBe("second");
    // The clock was set back.
    clock.ms -= 10_000;
    void ask();
    expect(readings).toHaveLength(3);
  });

  test("is one of each name", async () => {
    const { readings, ask } = opened();
    const both = [ask("2025"), ask("2026")];
    readings[0]?.resolve("of 2025");
    readings[1]?.resolve("of 2026");
    expect(await Promise.all(both)).toEqual(["of 2025", "of 2026"]);
    for (let i = 0; i < 100; i++) void ask(`other ${i}`);
    void ask("2025");
    expect(readings).toHaveLength(2 + 100 + 1);
  });

  test("that failed fails those who waited, and is read again for the next", async () => {
    const { readings, ask } = opened();
    const asked = [ask(), ask()];
    readings[0]?.reject(new Error("gone"));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const next = ask();
    readings[1]?.resolve("back");
    expect(await next).toBe("back");
  });

  test("that was being read when it was dropped is for those who asked before, and for nobody after", async () => {
    const { snapshots, readings, ask } = opened();
    const before = ask();
    snapshots.drop();
    const after = ask();
    readings[1]?.resolve("new");
    readings[0]?.resolve("old");
    expect([await before, await after, await ask()]).toEqual(["old", "new", "new"]);
    snapshots.drop();
    const failing = ask();
    snapshots.drop();
    const latest = ask();
    readings[2]?.reject(new Error("gone"));
    readings[3]?.resolve("latest");
    await failing.catch(() => {});
    expect([await latest, await ask()]).toEqual(["latest", "latest"]);
    expect(readings).toHaveLength(4);
  });

  test("is dropped by a request that changes something, also one that fails, and by no other", async () => {
    const { snapshots, readings, ask } = opened();
    const app = new Hono<AppEnv>()
      .use(dropAfterChanges(snapshots))
      .get("/", (c) => c.text("page"))
      .post("/", (c) => c.text("done"))
      .post("/failing", () => Promise.reject(new Error("half done")))
      .onError((_error, c) => c.text("failed", 500));
    const answered = async () => {
      const value = ask();
      readings.at(-1)?.resolve(`reading ${readings.length}`);
      return await value;
    };
    expect(await answered()).toBe("reading 1");
    await app.request("/");
    expect(await answered()).toBe("reading 1");
    await app.request("/", { method: "POST" });
    expect(await answered()).toBe("reading 2");
    await app.request("/failing", { method: "POST" });
    expect(await answered()).toBe("reading 3");
  });
});
