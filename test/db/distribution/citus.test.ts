import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { history } from "../../jobs/transform/arrivals.ts";
import { type DistributedStage, openDistributedStage } from "./stage.ts";

const coordinator = process.env.CITUS_URL;
const cases = { numRuns: Number(process.env.SOAK_CASES ?? 10), seed: 20_201_117 };

/** What no substitute shows: what the planner takes, one moment of all workers, commits in two phases. */
describe.skipIf(coordinator === undefined)("a warehouse on a coordinator's workers", () => {
  let stage: DistributedStage;
  beforeAll(async () => {
    stage = await openDistributedStage(new Date("2019-08-30T21:30:00Z"), coordinator);
  });
  afterAll(() => stage?.close());

  test("equals one server's value for value, whatever arrives in whatever order", async () => {
    await fc.assert(fc.asyncProperty(history, stage.play), { ...cases, endOnFailure: true });
    expect(stage.builds()).toBeGreaterThan(0);
  }, 3_600_000);
});
