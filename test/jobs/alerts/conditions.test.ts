import { describe, expect, test } from "bun:test";
import {
  type Freshness,
  failedRuns,
  failedTests,
  splitsSetAside,
  staleData,
  workspaceFailed,
} from "../../../jobs/alerts/conditions.ts";
import { jobIds } from "../../../jobs/pipeline.ts";

const titles = new Map([
  [jobIds.ingest as string, "Ingest"],
  [jobIds.transform as string, "Transform"],
]);

describe("failedRuns", () => {
  const run = { jobId: jobIds.ingest, runId: 12, partition: "2020-01-07", partitionTo: "2020-01-07", others: 0 };
  const error = { name: "PermanentError", message: "The key\nwas refused.", advice: "Set another." };

  test("names the run, its session, its error and what to do", () => {
    expect(failedRuns([{ ...run, error }], titles).problems).toEqual([
      {
        key: "run_failed:stocks_polygon_ingest",
        kind: "run_failed",
        title: "Ingest: a run failed",
        message: "Run 12 of 2020-01-07 failed: The key was refused.",
        advice: "Set another.",
        path: "/runs/12",
      },
    ]);
  });

  test("tells of the others in one problem, and of a range and a missing reason", () => {
    const [problem] = failedRuns([{ ...run, partitionTo: "2020-02-07", error: null, others: 3 }], titles).problems;
    expect(problem?.title).toBe("Ingest: 4 runs failed");
    expect(problem?.message).toBe(
      "Run 12 of 2020-01-07 to 2020-02-07 failed: it says no reason. 3 other runs of Ingest failed too, and wait for somebody.",
    );
    expect(problem?.advice).toContain("retry it");
  });

  test("cuts an endless error", () => {
    const [problem] = failedRuns([{ ...run, error: { ...error, message: "x".repeat(9000) } }], titles).problems;
    expect(problem?.message).toHaveLength(2000);
  });
});

describe("failedTests", () => {
  const outcome = { runId: 15, name: "not_null_x", subject: "fct", status: "fail", failures: 2, message: null };

  test("is one problem a test, that leads to the run's results", () => {
    const { problems } = failedTests([outcome, { ...outcome, name: "other", status: "error", message: "no column y" }]);
    expect(problems.map(({ key, path }) => [key, path])).toEqual([
      ["test_failed:not_null_x", "/runs/15#tests"],
      ["test_failed:other", "/runs/15#tests"],
    ]);
    expect(problems[0]?.message).toBe(
      "2 rows fail the test not_null_x of fct in run 15. Nothing of that run was published.",
    );
    expect(problems[1]?.message).toBe("The test other of fct could not run: no column y");
  });

  test("says nothing of a test that was skipped: it is neither mended nor broken", () => {
    expect(failedTests([{ ...outcome, status: "skipped" }])).toEqual({
      problems: [],
      undecided: ["test_failed:not_null_x"],
    });
  });
});

describe("staleData", () => {
  // The session of Tuesday the 7th settles on the 8th at 02:00 UTC, and is overdue four hours later.
  const at = (now: string, more: Partial<Freshness["standing"]> = {}, rest: Partial<Freshness> = {}): Freshness => ({
    now: new Date(now),
    staleAfterHours: 4,
    startDate: "2020-01-02",
    catchup: "all",
    titles,
    standing: { paused: [], scheduleAfter: null, isActive: false, progressAt: null, ...more },
    ...rest,
  });
  const stands = (freshness: Freshness, published: string | null) =>
    staleData(freshness, published).problems.map(({ message }) => message);

  test("is a problem four hours after a session settled, and not a moment before", () => {
    expect(stands(at("2020-01-08T05:59:59Z"), "2020-01-06")).toEqual([]);
    expect(stands(at("2020-01-08T06:00:00Z"), "2020-01-06")).toEqual([
      "The newest session published is 2020-01-06. 2020-01-07 settled at 2020-01-08 02:00 UTC, and readers still do not see it.",
    ]);
    expect(stands(at("2020-01-08T06:00:00Z"), "2020-01-07")).toEqual([]);
  });

  test("waits as long as ALERT_STALE_AFTER_HOURS says", () => {
    expect(stands(at("2020-01-08T13:59:00Z", {}, { staleAfterHours: 12 }), "2020-01-06")).toEqual([]);
    expect(stands(at("2020-01-08T14:00:00Z", {}, { staleAfterHours: 12 }), "2020-01-06")).toHaveLength(1);
  });

  test("asks nothing of a weekend", () => {
    expect(stands(at("2020-01-13T12:00:00Z"), "2020-01-10")).toEqual([]);
  });

  test("leaves open what work that comes forward will answer, and is a problem once it stands still for an hour", () => {
    const working = (progressAt: string) =>
      at("2020-01-08T12:00:00Z", { isActive: true, progressAt: new Date(progressAt) });
    expect(staleData(working("2020-01-08T11:01:00Z"), null)).toEqual({ problems: [], undecided: ["stale_data"] });
    const { problems } = staleData(working("2020-01-08T10:59:00Z"), null);
    expect(problems[0]?.message).toStartWith("No recent session is published. 2020-01-07 settled");
    expect(problems[0]?.advice).toStartWith("Work is under way, but none of it has succeeded for an hour");
  });

  test("gives a paused job a day, and names it then", () => {
    const paused = { paused: [jobIds.ingest, jobIds.transform] };
    expect(staleData(at("2020-01-09T01:59:00Z", paused), "2020-01-06").undecided).toEqual(["stale_data"]);
    const { problems } = staleData(at("2020-01-09T02:00:00Z", paused), "2020-01-06");
    expect(problems[0]?.advice).toBe("Ingest and Transform are paused: resume what should go on.");
  });

  test("asks nothing before the first session wanted, nor of what CATCHUP has passed over", () => {
    const now = "2020-01-08T12:00:00Z";
    expect(stands(at(now, {}, { startDate: "2020-01-08" }), null)).toEqual([]);
    expect(stands(at(now, { scheduleAfter: "2020-01-07" }, { catchup: "none" }), null)).toEqual([]);
    expect(stands(at(now, { scheduleAfter: "2020-01-06" }, { catchup: "none" }), null)).toHaveLength(1);
  });
});

describe("splitsSetAside", () => {
  const split = {
    ...{ ticker: "SUBP", date: "2026-03-02", splitFrom: 1, splitTo: 25_000, adjustmentType: "reverse_split" },
    ...{ setAside: "type" as const, decision: null, decidedBy: null, decidedWhy: null, decidedAt: null },
    ...{ changedAt: new Date("2026-03-03T10:00:00Z"), closeBefore: null, openAfter: null },
  };
  const keys = (...splits: Parameters<typeof splitsSetAside>[0]) =>
    splitsSetAside(splits).problems.map(({ key }) => key);

  test("tells each that came with its day by itself, and what is wrong with it", () => {
    const { problems, undecided } = splitsSetAside([split, { ...split, ticker: "ABC", setAside: "prices" }]);
    expect(undecided).toEqual([]);
    expect(problems.map(({ title }) => title)).toEqual(["A split of SUBP is set aside", "A split of ABC is set aside"]);
    expect(problems[0]).toMatchObject({
      key: "split_set_aside:SUBP 2026-03-02",
      message: "Prices are published as without it. SUBP, 25000 for 1 on 2026-03-02: its type contradicts its ratio.",
      path: "/quality#splits",
    });
  });

  test("tells all that a history brought at once", () => {
    const old = { ...split, date: "2019-03-01" };
    expect(keys(old, { ...old, ticker: "ABC" }, split)).toEqual([
      "split_set_aside:SUBP 2026-03-02",
      "split_set_aside:past",
    ]);
    expect(splitsSetAside([old, { ...old, ticker: "ABC" }]).problems[0]?.title).toBe(
      "2 splits of the past are set aside",
    );
  });

  test("is over once somebody has decided, whatever they said, or it counts", () => {
    expect(keys({ ...split, decision: "set_aside" }, { ...split, setAside: null })).toEqual([]);
  });
});

describe("workspaceFailed", () => {
  const group = {
    ...{
      name: "z_score",
      state: "failed" as const,
      error: "column x does not exist",
      errorFile: "models/z.sql",
      errorLine: 3,
    },
    ...{ version: "v", checkedAt: new Date(), publishedAt: null, durationMs: 1, runId: 4 },
  };

  test("is one problem a group that is at fault, with file and line", () => {
    const { problems } = workspaceFailed([
      group,
      { ...group, name: "slow", state: "timed_out", publishedAt: new Date() },
      { ...group, name: "good", state: "published" },
    ]);
    expect(problems.map(({ key, title }) => [key, title])).toEqual([
      ["workspace_failed:z_score", "Workspace: z_score is not published"],
      ["workspace_failed:slow", "Workspace: slow takes too long"],
    ]);
    expect(problems[0]?.message).toBe(
      "models/z.sql:3: column x does not exist. Nothing of it is published. The market and all other groups are published.",
    );
  });

  test("says nothing of a group that waits", () => {
    expect(workspaceFailed([{ ...group, state: "waiting" }])).toEqual({
      problems: [],
      undecided: ["workspace_failed:z_score"],
    });
  });
});
