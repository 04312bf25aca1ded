import { expect, test } from "bun:test";
import { createTaker, repeat } from "../../../../server/research/sweeps/taker.ts";

test("of failures in a row a taker tells the first, and after a success the next one again", async () => {
  const outcomes = [false, true, true, false, true];
  const told: string[] = [];
  let round = 0;
  const taker = createTaker(
    async () => {
      if (outcomes[round++]) throw new Error(`round ${round}`);
      return false;
    },
    (error) => told.push(String(error)),
  );
  for (const _ of outcomes) {
    taker.wake();
    await taker.idle();
  }
  expect(told).toEqual(["Error: round 2", "Error: round 5"]);
  await taker.stop();
});

test("so does what is done again and again", async () => {
  const told: string[] = [];
  let done = Promise.withResolvers<void>();
  let round = 0;
  const repeating = repeat(
    async () => {
      round += 1;
      queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => done.resolve())));
      if (round < 3) throw new Error(`round ${round}`);
    },
    3_600_000,
    (error) => told.push(String(error)),
  );
  for (let again = 0; again < 4; again++) {
    done = Promise.withResolvers<void>();
    repeating.now();
    await done.promise;
    await Bun.sleep(0);
  }
  repeating.stop();
  expect(round).toBe(4);
  expect(told).toEqual(["Error: round 1"]);
});
