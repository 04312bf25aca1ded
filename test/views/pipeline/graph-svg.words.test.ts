import { describe, expect, test } from "bun:test";
import { summarisePayload } from "../../../views/pipeline/events.tsx";
import { activityOf, amountOf, detailsOf, heardOf, testsOf, wrapName } from "../../../views/pipeline/graph-svg.tsx";
import type { GraphNode } from "../../../views/pipeline/graph-types.ts";

const node = (given: Partial<GraphNode>): GraphNode => ({
  id: "model:fct",
  kind: "model",
  name: "fct",
  title: "fct",
  place: "table",
  description: "",
  href: "/",
  band: 1,
  state: "success",
  stateLabel: null,
  stateRunId: 7,
  paused: false,
  queued: 0,
  running: 0,
  failed: 0,
  waiting: 0,
  lastSuccess: null,
  rows: null,
  events: null,
  tests: null,
  ...given,
});
const tests = { all: 12, passed: 0, warned: 0, failed: 0, skipped: 0 };

describe("names in the graph", () => {
  test("break where their words end, and lose only what two lines do not hold", () => {
    expect(wrapName("manifests", 19)).toEqual(["manifests"]);
    expect(wrapName("source_polygon_stock_bars_daily", 19)).toEqual(["source_polygon_", "stock_bars_daily"]);
    expect(wrapName("a_very_long_name_of_a_model_that_goes_on", 12)).toEqual(["a_very_long_", "name_of_a_m…"]);
    expect(wrapName("unbrokenverylongname", 8)).toEqual(["unbroken", "verylon…"]);
  });
});

describe("words in the graph", () => {
  test("tell failed tests before warnings, and warnings before what passed", () => {
    expect(testsOf(node({}))).toBe("");
    expect(testsOf(node({ tests }))).toBe("12 tests, not run");
    expect(testsOf(node({ tests: { ...tests, passed: 12 } }))).toBe("12 of 12 tests passed");
    expect(testsOf(node({ tests: { ...tests, passed: 11, warned: 1 } }))).toBe("1 of 12 tests warned");
    expect(testsOf(node({ tests: { ...tests, passed: 9, warned: 1, failed: 2 } }))).toBe("2 of 12 tests failed");
  });

  test("say of an estimate that it is one", () => {
    expect(amountOf(node({ rows: { count: 46_578, isEstimate: true } }))).toBe("≈46.6K rows");
    expect(amountOf(node({ rows: { count: 381, isEstimate: false } }))).toBe("381 rows");
    expect(amountOf(node({ events: 1 }))).toBe("1 event");
  });

  test("are heard as they are seen, then the state, that it is paused, and what the lines leave out", () => {
    const now = new Date("2026-03-02T15:00:00Z");
    const job = node({ kind: "job", title: "Load", paused: true, queued: 1200, failed: 1 });
    const last = { ...job, lastSuccess: { runId: 3, at: new Date("2026-03-02T14:57:00Z") } };
    expect(activityOf(job)).toBe("1,200 queued · 1 failed");
    expect(heardOf(last, ["Load", "1,200 queued", ""], now)).toBe(
      "Load 1,200 queued, job: Success, paused, 1 failed, last success 3 min ago.",
    );
  });
});

describe("the two lines at a node's foot", () => {
  const now = new Date("2026-03-02T15:00:00Z");
  const lastSuccess = { runId: 3, at: new Date("2026-03-02T14:57:00Z") };

  test("hold what a job has to do before what it did, and never run over its edge", () => {
    const job = node({ kind: "job", lastSuccess, rows: { count: 503, isEstimate: false } });
    expect(detailsOf({ ...job, running: 1 }, now, 24)).toEqual(["1 running", "503 rows · 3 min ago"]);
    const busy = { ...job, running: 16, queued: 129, failed: 7 };
    expect(detailsOf(busy, now, 24)).toEqual(["16 running · 129 queued", "7 failed · 503 rows"]);
    expect(detailsOf(busy, now, 56)).toEqual(["16 running · 129 queued · 7 failed", "503 rows · 3 min ago"]);
    expect(detailsOf({ ...busy, queued: 12_500 }, now, 24)).toEqual(["16 running", "12,500 queued · 7 failed"]);
  });

  test("of a large model leave out when rather than how much", () => {
    const model = node({ kind: "model", lastSuccess, rows: { count: 148_900, isEstimate: true } });
    expect(detailsOf(model, now, 16)).toEqual(["no tests", "≈149K rows"]);
  });
});

describe("what an event says", () => {
  test("is its sessions, its figures and its manifest, whichever job wrote it", () => {
    const manifest = "manifests/run-1.json";
    expect(summarisePayload({ to: "2025-01-03", from: "2025-01-02", rows: 12_500, manifest })).toEqual({
      text: "2 Jan 2025 to 3 Jan 2025 · 12,500 rows",
      key: manifest,
    });
    expect(summarisePayload({ firstDate: "2025-01-02", lastDate: "2025-01-02", rows: 5, rejected: 0 }).text).toBe(
      "2 Jan 2025 · 5 rows",
    );
  });

  test("is nothing where it is no object", () => {
    for (const payload of [null, 3, "x", [1]]) expect(summarisePayload(payload)).toEqual({ text: "", key: null });
  });
});
