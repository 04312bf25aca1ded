import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { history } from "../../jobs/transform/arrivals.ts";
import { type DistributedStage, openDistributedStage } from "./stage.ts";

const isSoak = Boolean(process.env.SOAK);
const cases = isSoak ? { numRuns: Number(process.env.SOAK_CASES ?? 1000) } : { numRuns: 8, seed: 20_201_117 };

describe("a warehouse on four shards", () => {
  let stage: DistributedStage;
  beforeAll(async () => {
    stage = await openDistributedStage(new Date("2019-08-30T21:30:00Z"));
  });
  afterAll(() => stage.close());

  test("equals one server's value for value, whatever arrives in whatever order", async () => {
    await fc.assert(fc.asyncProperty(history, stage.play), { ...cases, endOnFailure: true });
    expect(stage.builds()).toBeGreaterThan(0);
  }, 600_000);
});
