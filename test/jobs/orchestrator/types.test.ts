import { expect, test } from "bun:test";
import { isActive, runStates } from "../../../jobs/orchestrator/types.ts";

test("of the states of a run, queued and running are those in which it has not ended", () => {
  expect(runStates.filter(isActive)).toEqual(["queued", "running"]);
  expect(["cleared", "waiting", ""].some(isActive)).toBe(false);
});
