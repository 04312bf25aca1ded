import {
  type KeptFailure,
  selectKeptFailure,
  selectTestHistory,
  type TestRun,
} from "../../db/queries/quality/read-quality.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { formatValue } from "../../views/format.ts";
import type { FailureView, RowsView, TestPageView } from "../../views/quality/types.ts";
import type { AppContext } from "../context.ts";
import { columnOf, nodeHref, readProject, sentenceOf, testsOf } from "./nodes.ts";
import { findOwnTest } from "./own-node-read.ts";

const runsShown = 100;

/** Everything that the page of one test shows. A RequestError where neither the project nor a recent run knows it. */
export async function readTestPage(
  context: Pick<AppContext, "read" | "pipeline">,
  name: string,
): Promise<TestPageView> {
  const { project } = await readProject(context);
  const declared = testsOf(project).find((test) => test.name === name);
  const { own, history } = await readHistory(context, name, declared !== undefined);
  const latest = history[0] ?? null;
  if (!declared && !latest && !own) throw new RequestError("not_found", `There is no test "${name}".`, "name");
  const failed = history.find(({ status, failures }) => failures > 0 || status === "error") ?? null;
  const kept = failed && (await selectKeptFailure(context.read, failed.runId, name));
  const subject = declared?.subject ?? own?.subject ?? latest?.subject ?? "";
  const sqlOfRun = latest === failed ? (kept?.compiledSql ?? null) : null;
  return {
    name,
    kind: declared?.testKind ?? latest?.kind ?? "generic",
    subject,
    subjectHref: nodeHref(subject),
    column: (declared && columnOf(declared)) ?? own?.column ?? latest?.column ?? null,
    severity: declared?.severity ?? latest?.severity ?? "error",
    asserts: declared ? sentenceOf(declared) : own ? ownSentence(own) : oldSentence(latest),
    where: declared?.where ?? null,
    path: declared?.path ?? own?.file ?? null,
    rawSql: declared?.rawSql ?? null,
    sql: sqlOfRun ?? (declared?.compiledSql || null),
    isSqlOfRun: sqlOfRun !== null,
    latest,
    history,
    failure: failed && kept ? toFailure(failed, kept) : null,
    canLook: (declared?.compiledSql ?? "") !== "",
  };
}

/** How a test went. One that the shipped project does not have may be of the workspace, or have been. */
async function readHistory(context: Pick<AppContext, "read" | "pipeline">, name: string, isDeclared: boolean) {
  const shipped = await selectTestHistory(context.read, jobIds.transform, name, runsShown);
  if (isDeclared || shipped.length > 0) return { own: undefined, history: shipped };
  const [own, history] = await Promise.all([
    findOwnTest(context, name),
    selectTestHistory(context.read, jobIds.workspace, name, runsShown),
  ]);
  return { own, history };
}

const ownSentence = ({ description }: { description: string }) =>
  `${description || "Each row that its query finds is a failure."} It is one of your own, and speaks for its group of the workspace alone.`;

/** A freshness that is no test of the project's own. */
const oldSentence = (latest: TestRun | null) =>
  latest?.kind === "freshness" ? `The newest row of ${latest.subject} is younger than its YAML asks for.` : null;

type Row = Record<string, unknown>;

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);
const firstText = (row: Row, names: string[]) => {
  const value = names.map((name) => row[name]).find((one) => typeof one === "string");
  return typeof value === "string" ? value : null;
};

/** Rows as a table: the ticker and the session of each first, where it tells them. */
export function toTable(rows: readonly Row[]): RowsView {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const leading = ["ticker", "trade_date"].filter((name) => names.includes(name));
  const columns = [...leading, ...names.filter((name) => !leading.includes(name))];
  return {
    columns,
    rows: rows.map((row) => ({
      ticker: firstText(row, ["ticker"]),
      session: firstText(row, ["trade_date", "session"]),
      values: columns.map((name) => formatCell(row[name])),
    })),
  };
}

function toFailure({ runId, finishedAt, failures, message }: TestRun, { sample, storedIn }: KeptFailure): FailureView {
  const rows = Array.isArray(sample) ? sample.filter(isRow) : [];
  return { runId, finishedAt, failures, message, ...toTable(rows), storedIn };
}

/** Figures to their last digit: a failing row is looked at for it. */
const formatCell = (value: unknown) => (typeof value === "number" ? String(value) : formatValue(value));
