import type { HeldTicker } from "../../db/queries/market/read-quarantines.ts";
import type { ListedSplit } from "../../db/queries/market/splits.ts";
import type { FailedJob, PipelineStanding, TestOutcome } from "../../db/queries/operations/alert-conditions.ts";
import type { DriftCheckRow } from "../../db/queries/quality/drift.ts";
import type { WorkspaceGroupRow } from "../../db/queries/quality/workspace.ts";
import type { WorkspaceGroupState } from "../../db/schema/workspace.ts";
import type { DriftExample } from "../drift/types.ts";
import { settledSessions, settlesAt } from "../market/calendar.ts";
import type { Problem } from "./types.ts";

/** Problems that stand, and keys of which nothing can be said now: they neither open nor recover. */
export type Verdict = { problems: Problem[]; undecided: string[] };

const longestMessage = 2000;
const hourMs = 3_600_000;

/** One line, of a length that every receiver takes. */
export const oneLine = (text: string, longest = longestMessage) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
};

const sessionsOf = ({ partition, partitionTo }: FailedJob) => {
  if (partition === null) return "";
  return partitionTo === null || partitionTo === partition ? ` of ${partition}` : ` of ${partition} to ${partitionTo}`;
};

/** One problem for each job with runs that failed and that nothing has made good; the newest of them is told. */
export function failedRuns(jobs: FailedJob[], titles: ReadonlyMap<string, string>): Verdict {
  const problems = jobs.map((job): Problem => {
    const title = titles.get(job.jobId) ?? job.jobId;
    const others = job.others === 1 ? "1 other run" : `${job.others} other runs`;
    const besides = ` ${others} of ${title} failed too, and ${job.others === 1 ? "waits" : "wait"} for somebody.`;
    return {
      key: `run_failed:${job.jobId}`,
      kind: "run_failed",
      title: job.others === 0 ? `${title}: a run failed` : `${title}: ${job.others + 1} runs failed`,
      message: oneLine(
        `Run ${job.runId}${sessionsOf(job)} failed: ${job.error?.message ?? "it says no reason."}${job.others > 0 ? besides : ""}`,
      ),
      advice: oneLine(job.error?.advice ?? "Look at the run's page; retry it there once the cause is mended."),
      path: `/runs/${job.runId}`,
    };
  });
  return { problems, undecided: [] };
}

/**
 * One problem for each data test of severity `error` that failed or could not run when it was last asked; of one that was not asked for
 * long, nothing is known.
 */
export function failedTests(outcomes: TestOutcome[]): Verdict {
  const keyOf = ({ name }: TestOutcome) => `test_failed:${name}`;
  const problems = outcomes
    .filter(({ status }) => status !== "skipped")
    .map((test): Problem => {
      const rows = test.failures === 1 ? "1 row fails" : `${test.failures} rows fail`;
      return {
        key: keyOf(test),
        kind: "test_failed",
        title: oneLine(`Data test failed: ${test.name}`, 200),
        message: oneLine(
          test.status === "error"
            ? `The test ${test.name} of ${test.subject} could not run: ${test.message ?? "it says no reason."}`
            : `${rows} the test ${test.name} of ${test.subject} in run ${test.runId}. Nothing of that run was published.`,
        ),
        advice:
          "Readers keep the last good build. Look at the failing rows on the run's page, and correct them or the test.",
        path: `/runs/${test.runId}#tests`,
      };
    });
  return { problems, undecided: outcomes.filter(({ status }) => status === "skipped").map(keyOf) };
}

/** One problem for each ticker of which rows are held back. */
export function heldTickers(held: HeldTicker[]): Verdict {
  const problems = held.map(({ ticker, sessions, first, last, test, reason }): Problem => {
    const days = first === last ? first : `${first} to ${last}`;
    const rows = sessions === 1 ? `1 row of ${ticker} (${days}) is` : `${sessions} rows of ${ticker} (${days}) are`;
    return {
      key: `quarantined:${ticker}`,
      kind: "quarantined",
      title: oneLine(`${ticker} is in quarantine`, 200),
      message: oneLine(`${rows} held back by ${test}: ${reason}. The rest of the market is published.`),
      advice:
        "Readers keep its last good rows. Release or drop what is held on the quarantine page; a later answer that passes ends it by itself.",
      path: `/quality/quarantine?ticker=${encodeURIComponent(ticker)}`,
    };
  });
  return { problems, undecided: [] };
}

const driftKey = "drift";

/** Whether the newest check found published rows that a full build would not make. One that could not be done says nothing. */
export function driftFound(check: DriftCheckRow | undefined): Verdict {
  if (!check) return { problems: [], undecided: [] };
  if (check.finishedAt === null || check.error !== null) return { problems: [], undecided: [driftKey] };
  if (check.differences === 0) return { problems: [], undecided: [] };
  const { rows, differences, tickers } = check;
  const count = (number: number, one: string) => `${number} ${one}${number === 1 ? "" : "s"}`;
  const problem: Problem = {
    key: driftKey,
    kind: "drift",
    title: "Published rows differ from recomputed ones",
    message: oneLine(
      `${differences} of ${count(rows, "row")} of ${count(tickers.length, "ticker")} differ from what a full build makes of the raw tables. ${tellExample(check.example as DriftExample | null)}`,
    ),
    advice:
      "Run the transform with a full refresh. If the difference comes back, a model is not fit to be built incrementally.",
    path: "/quality/drift",
  };
  return { problems: [problem], undecided: [] };
}

function tellExample(example: DriftExample | null): string {
  if (!example) return "";
  const { model, key, column, published, recomputed } = example;
  const where = `${model} of ${Object.values(key).join(", ")}`;
  if (column !== null) return `First: ${column} in ${where} is ${published}, and should be ${recomputed}.`;
  return published === null ? `First: ${where} is missing.` : `First: ${where} should not be there.`;
}

/** How long work may go on without coming forward, before data that it should renew counts as stale. */
const progressPatienceMs = hourMs;
/** People who pause a job know that its data ages; a day later they may have forgotten. */
const pausedGraceMs = 24 * hourMs;

export type Freshness = {
  now: Date;
  /** Hours after a session has settled. */
  staleAfterHours: number;
  startDate: string;
  catchup: "all" | "latest" | "none";
  standing: PipelineStanding;
  titles: ReadonlyMap<string, string>;
};

const staleKey = "stale_data";

/** The newest session that should have been published by now; undefined where none should. */
export function overdueSession(freshness: Freshness, graceMs = 0): string | undefined {
  const { now, staleAfterHours, startDate, catchup, standing } = freshness;
  const settledBy = new Date(now.getTime() - Math.max(graceMs, staleAfterHours * hourMs));
  const session = settledSessions(startDate, settledBy).at(-1);
  // What CATCHUP has passed over is nobody's work until somebody asks for it.
  const isPassedOver = catchup !== "all" && session !== undefined && session <= (standing.scheduleAfter ?? "");
  return isPassedOver ? undefined : session;
}

/**
 * Whether the data is older than it should be. `published` is the newest session that readers see, of those from shortly
 * before the overdue one on. While work comes forward (a first catch-up, a backfill) nothing is said: it is on its way.
 * Where a job is paused, nothing is said for a day.
 */
export function staleData(freshness: Freshness, published: string | null): Verdict {
  const { now, standing, titles } = freshness;
  const isMissing = (session: string | undefined): session is string =>
    session !== undefined && session > (published ?? "");
  const overdue = overdueSession(freshness);
  if (!isMissing(overdue)) return { problems: [], undecided: [] };
  const isPaused = standing.paused.length > 0;
  const restedMs = now.getTime() - (standing.progressAt?.getTime() ?? 0);
  const isOnItsWay = isPaused
    ? !isMissing(overdueSession(freshness, pausedGraceMs))
    : standing.isActive && restedMs < progressPatienceMs;
  if (isOnItsWay) return { problems: [], undecided: [staleKey] };
  const newest =
    published === null ? "No recent session is published." : `The newest session published is ${published}.`;
  const settled = settlesAt(overdue).toISOString().slice(0, 16).replace("T", " ");
  const problem: Problem = {
    key: staleKey,
    kind: "stale_data",
    title: "Data is stale",
    message: `${newest} ${overdue} settled at ${settled} UTC, and readers still do not see it.`,
    advice: staleAdvice(standing, titles),
    path: "/",
  };
  return { problems: [problem], undecided: [] };
}

function staleAdvice({ paused, isActive }: PipelineStanding, titles: ReadonlyMap<string, string>): string {
  const names = paused.map((id) => titles.get(id) ?? id).join(" and ");
  if (paused.length > 0) return `${names} ${paused.length === 1 ? "is" : "are"} paused: resume what should go on.`;
  if (isActive)
    return "Work is under way, but none of it has succeeded for an hour. Look at what runs, and at its log.";
  return "Nothing is under way. Look at the failed runs on the overview; retry them, or run the session again.";
}

const groupWords: Partial<Record<WorkspaceGroupState, string>> = {
  failed: "is not published",
  timed_out: "takes too long",
  refused: "is refused",
};

/** One problem for each group of the workspace that is not published for a fault of its own. */
export function workspaceFailed(groups: WorkspaceGroupRow[]): Verdict {
  const problems = groups.flatMap(({ name, state, error, errorFile, errorLine, publishedAt }): Problem[] => {
    const words = groupWords[state];
    if (words === undefined) return [];
    const where = errorFile === null ? "" : `${errorFile}${errorLine === null ? "" : `:${errorLine}`}: `;
    const stays = publishedAt === null ? "Nothing of it is published." : "What was published of it before stays.";
    return [
      {
        key: `workspace_failed:${name}`,
        kind: "workspace_failed",
        title: oneLine(`Workspace: ${name} ${words}`, 200),
        message: oneLine(
          `${where}${(error ?? "it says no reason").replace(/\.$/, "")}. ${stays} The market and all other groups are published.`,
        ),
        advice: "Correct the file in the workspace; it is built again as soon as it is saved.",
        path: "/workspace",
      },
    ];
  });
  // What waits says nothing of what was wrong before.
  const undecided = groups.filter(({ state }) => state === "waiting").map(({ name }) => `workspace_failed:${name}`);
  return { problems, undecided };
}

/** A split that was set aside within so long of its day is news, and told by itself. */
const newsMs = 10 * 24 * hourMs;

const setAsideWords = {
  type: "its type contradicts its ratio",
  ratio: "its ratio is beyond 1 for 10,000",
  prices: "the prices around its day deny it",
  hand: "somebody set it aside",
} as const;

/**
 * Splits that do not count and wait for somebody to decide: one problem for each that came with its day, and one for all that a
 * backfilled history brought, which may be many at once.
 */
export function splitsSetAside(splits: ListedSplit[]): Verdict {
  const waiting = splits.filter(({ setAside, decision }) => setAside !== null && decision === null);
  const isNews = ({ date, changedAt }: ListedSplit) => changedAt.getTime() - Date.parse(date) < newsMs;
  const tell = ({ ticker, date, splitFrom, splitTo, setAside }: ListedSplit) =>
    `${ticker}, ${splitTo} for ${splitFrom} on ${date}: ${setAsideWords[setAside ?? "hand"]}`;
  const problem = (key: string, told: ListedSplit[]): Problem => ({
    key: `split_set_aside:${key}`,
    kind: "split_set_aside",
    title:
      told.length === 1
        ? `A split of ${told[0]?.ticker} is set aside`
        : `${told.length} splits of the past are set aside`,
    message: oneLine(
      `Prices are published as without ${told.length === 1 ? "it" : "them"}. ${told.map(tell).join("; ")}.`,
    ),
    advice: "Say on the quality page whether it counts. The vendor's next answer may settle it too.",
    path: "/quality#splits",
  });
  const past = waiting.filter((split) => !isNews(split));
  const problems = waiting.filter(isNews).map((split) => problem(`${split.ticker} ${split.date}`, [split]));
  return { problems: past.length > 0 ? [...problems, problem("past", past)] : problems, undecided: [] };
}
