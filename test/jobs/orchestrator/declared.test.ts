import { expect, test } from "bun:test";
import { findJob, getJob } from "../../../jobs/orchestrator/declared.ts";
import { type JobDefinition, RequestError } from "../../../jobs/orchestrator/types.ts";

const job: JobDefinition = { id: "one", title: "One", description: "", tasks: [], maxActiveRuns: 1, maxTries: 1 };

test("a declared job is found by its id; another is absent, or refused by name", () => {
  expect(findJob([job], "one")).toBe(job);
  expect(findJob([job], "two")).toBeUndefined();
  expect(getJob([job], "one")).toBe(job);
  expect(() => getJob([job], "two")).toThrow(new RequestError("not_found", 'There is no job "two".'));
});
