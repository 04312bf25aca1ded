import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createSlidingWindowLimiter, rateOf } from "../../../jobs/market/rate.ts";
import { CancelledError } from "../../../jobs/orchestrator/errors.ts";

/** A clock whose sleepers wake when somebody lets time pass. */
function createFakeClock() {
  let time = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  const settle = async () => {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  };
  return {
    now: () => time,
    sleep: (milliseconds: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        sleepers.push({ at: time + milliseconds, wake: resolve });
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
    async pass(milliseconds: number) {
      const end = time + milliseconds;
      for (;;) {
        await settle();
        sleepers.sort((a, b) => a.at - b.at);
        const next = sleepers[0];
        if (!next || next.at > end) break;
        time = next.at;
        sleepers.shift();
        next.wake();
      }
      time = end;
      await settle();
    },
  };
}

describe("the limiter", () => {
  test("never grants more than its calls in any window, in the order of asking", async () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 200 }),
        arrivals,
        async (calls, perMs, gaps) => {
          const clock = createFakeClock();
          const limiter = createSlidingWindowLimiter({ calls, perMs, ...clock });
          const grants: { caller: number; at: number }[] = [];
          for (const [caller, gap] of gaps.entries()) {
            await clock.pass(gap);
            void limiter.acquire().then(() => grants.push({ caller, at: clock.now() }));
          }
          await clock.pass(perMs * gaps.length + 1);
          expect(grants.map(({ caller }) => caller)).toEqual(gaps.map((_, caller) => caller));
          grants.forEach(({ at }, index) => {
            const later = grants[index + calls];
            if (later) expect(later.at - at).toBeGreaterThanOrEqual(perMs);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  test("grants as soon as the window allows", async () => {
    const clock = createFakeClock();
    const limiter = createSlidingWindowLimiter({ calls: 2, perMs: 100, ...clock });
    const grants: number[] = [];
    for (let call = 0; call < 5; call += 1) void limiter.acquire().then(() => grants.push(clock.now()));
    await clock.pass(1_000);
    expect(grants).toEqual([0, 0, 100, 100, 200]);
  });

  test("one who gives up in the queue leaves at once and uses no grant", async () => {
    const clock = createFakeClock();
    const limiter = createSlidingWindowLimiter({ calls: 1, perMs: 100, ...clock });
    const giveUp = new AbortController();
    await limiter.acquire();
    const grants: number[] = [];
    const left = [limiter.acquire(giveUp.signal), limiter.acquire(giveUp.signal)].map((turn) =>
      turn.catch((error) => error),
    );
    void limiter.acquire().then(() => grants.push(clock.now()));
    giveUp.abort();
    expect((await Promise.all(left)).map((error) => error instanceof CancelledError)).toEqual([true, true]);
    await clock.pass(150);
    expect(grants).toEqual([100]);
  });

  test("an aborted signal asks for nothing", async () => {
    const limiter = createSlidingWindowLimiter({ calls: 1, perMs: 100 });
    expect(limiter.acquire(AbortSignal.abort())).rejects.toBeInstanceOf(CancelledError);
  });

  test("a clock that is set back costs one window, not the difference", async () => {
    const clock = createFakeClock();
    let shift = 0;
    const limiter = createSlidingWindowLimiter({
      calls: 1,
      perMs: 100,
      now: () => clock.now() + shift,
      sleep: clock.sleep,
    });
    await limiter.acquire();
    shift = -1_000_000;
    let granted = false;
    void limiter.acquire().then(() => {
      granted = true;
    });
    await clock.pass(250);
    expect(granted).toBe(true);
  });

  test("refuses a rate that lets nothing through", () => {
    expect(() => createSlidingWindowLimiter({ calls: 0, perMs: 1 })).toThrow("lets nothing through");
  });
});

test("a plan without a limit stays under 100 calls a second", () => {
  expect(rateOf(null)).toEqual({ calls: 99, perMs: 1_000 });
  expect(rateOf(5)).toEqual({ calls: 5, perMs: 60_000 });
});
