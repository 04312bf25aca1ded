import { afterAll, beforeAll, describe, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { history, longHistory } from "../../jobs/transform/arrivals.ts";
import { weekday } from "../../jobs/transform/support.ts";
import { type EqualityStage, openEqualityStage } from "./equality.ts";

const isSoak = Boolean(process.env.SOAK);
/** In the ordinary suite the same cases each time; the soak draws others, and names the seed of one that fails. */
const cases = isSoak ? { numRuns: Number(process.env.SOAK_CASES ?? 3000) } : { numRuns: 100, seed: 20_201_117 };
const years = isSoak ? 20 : 1;
setDefaultTimeout(isSoak ? 7_200_000 : 600_000);

describe("few sessions in which much meets", () => {
  let stage: EqualityStage;
  beforeAll(async () => {
    stage = await openEqualityStage(new Date("2019-08-30T21:30:00Z"));
  }, 60_000);
  afterAll(() => stage.close());

  test("incremental builds equal a full refresh in every column, whatever arrives in whatever order", async () => {
    await fc.assert(fc.asyncProperty(history, stage.play), { ...cases, endOnFailure: false });
  });
});

describe("years of sessions", () => {
  let stage: EqualityStage;
  beforeAll(async () => {
    // After the last of them, so that every split is of the past.
    stage = await openEqualityStage(new Date(`${weekday(years * 252 + 100)}T21:30:00Z`));
  }, 60_000);
  afterAll(() => stage.close());

  test("with renames, reuses, revisions and withdrawals, built in random order, equal a full refresh value for value", async () => {
    await fc.assert(fc.asyncProperty(longHistory(years), stage.play), {
      ...(isSoak ? { numRuns: 1 } : { numRuns: 2, seed: 20_201_117 }),
      endOnFailure: true,
    });
  });
});
