import { selectChangedBars } from "../../db/queries/market/read-changed-bars.ts";
import {
  type LatestTest,
  selectLatestTests,
  selectTestedRuns,
  selectTestMarks,
} from "../../db/queries/quality/read-quality.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { ProjectNode, ProjectSummary } from "../../jobs/transform/transform.ts";
import type { QualityView, SubjectTests, TestCounts, TestFilter, TestRow } from "../../views/quality/types.ts";
import type { AppContext } from "../context.ts";
import { readFreshness } from "./freshness-read.ts";
import { columnOf, kindOf, modelsOf, readProject, testsOf } from "./nodes.ts";
import { readDoubtedSplits } from "./split-read.ts";

const historyRuns = 20;
const changesShown = 8;

/** The words of the filter, and the statuses that each means. */
export const testStatuses: Record<string, readonly string[]> = {
  failed: ["fail", "error"],
  warned: ["warn"],
  passed: ["pass"],
  skipped: ["skipped"],
  unrun: ["idle"],
};

type Context = Pick<AppContext, "read" | "pipeline" | "now">;

/** Every test that the project has or a recent run had, with how it went; what needs somebody first, then by name. */
export async function readTests(context: Context, project: ProjectSummary) {
  const runs = await selectTestedRuns(context.read, jobIds.transform, historyRuns);
  const [latest, marks] = await Promise.all([
    selectLatestTests(context.read, runs),
    selectTestMarks(context.read, runs),
  ]);
  const results = new Map(latest.map((result) => [result.name, result]));
  const declared = new Map(testsOf(project).map((test) => [test.name, test]));
  const history = new Map<string, Map<number, string>>();
  for (const { runId, name, status } of marks) {
    const ofTest = history.get(name) ?? new Map<number, string>();
    history.set(name, ofTest.set(runId, status));
  }
  runs.reverse();
  // One that was taken out of the project, or renamed, is shown only as long as the last build still had it.
  const names = [...declared.keys(), ...latest.filter(({ runId }) => runId === runs.at(-1)).map(({ name }) => name)];
  const tests = [...new Set(names)]
    .map((name) => {
      const marked = history.get(name);
      return toRow(
        name,
        declared.get(name),
        results.get(name),
        runs.map((run) => marked?.get(run) ?? null),
      );
    })
    .sort((a, b) => rankOf(a) - rankOf(b) || (a.name < b.name ? -1 : 1));
  return { runs, tests };
}

function toRow(
  name: string,
  declared: ProjectNode | undefined,
  result: LatestTest | undefined,
  history: (string | null)[],
): TestRow {
  return {
    name,
    kind: declared?.testKind ?? result?.kind ?? "generic",
    subject: declared?.subject ?? result?.subject ?? "",
    column: result?.column ?? (declared ? columnOf(declared) : null),
    status: result?.status ?? "idle",
    severity: declared?.severity ?? result?.severity ?? "error",
    failures: result?.failures ?? 0,
    message: result?.message ?? null,
    durationMs: result?.durationMs ?? null,
    runId: result?.runId ?? null,
    history,
  };
}

const ranks = ["error", "fail", "warn", "skipped", "idle", "pass"];
const rankOf = ({ status }: TestRow) => ranks.indexOf(status);

/** How many tests stand how. */
function countTests(tests: readonly TestRow[]): TestCounts {
  const count = (word: string) => tests.filter(({ status }) => testStatuses[word]?.includes(status)).length;
  return {
    all: tests.length,
    passed: count("passed"),
    warned: count("warned"),
    failed: count("failed"),
    skipped: count("skipped"),
    idle: count("unrun"),
  };
}

const isAskedFor = (test: TestRow, { status, subject, kind }: TestFilter) =>
  (status === "" || testStatuses[status]?.includes(test.status) === true) &&
  (subject === "" || test.subject === subject) &&
  (kind === "" || test.kind === kind);

/** Everything that the page of all tests shows. */
export async function readQuality(context: Context, filter: TestFilter): Promise<QualityView> {
  const { project, problem } = await readProject(context);
  const [{ runs, tests }, freshness, splits, changed] = await Promise.all([
    readTests(context, project),
    readFreshness(context, project.sources),
    readDoubtedSplits(context),
    selectChangedBars(context.read, changesShown),
  ]);
  const order = [...project.sources, ...modelsOf(project)].map(({ name }) => name);
  const bySubject = Map.groupBy(tests, ({ subject }) => subject);
  const subjects = [...new Set([...order, ...bySubject.keys()])].filter((name) => bySubject.has(name));
  return {
    now: context.now(),
    counts: countTests(tests),
    groups: subjects.flatMap((subject): SubjectTests[] => {
      const shown = (bySubject.get(subject) ?? []).filter((test) => isAskedFor(test, filter));
      if (shown.length === 0) return [];
      return [{ subject, kind: order.includes(subject) ? kindOf(subject) : "gone", tests: shown }];
    }),
    filter,
    choices: { subjects, kinds: [...new Set(tests.map(({ kind }) => kind))].sort() },
    runs,
    freshness,
    splits,
    changed,
    projectProblem: problem,
  };
}
