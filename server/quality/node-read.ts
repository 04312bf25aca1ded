import { selectTableRows } from "../../db/queries/pipeline/read-graph.ts";
import { selectModelBuilds } from "../../db/queries/quality/read-quality.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { ProjectNode, ProjectSource, ProjectSummary } from "../../jobs/transform/transform.ts";
import type { ColumnView, NodePageView } from "../../views/quality/types.ts";
import type { AppContext } from "../context.ts";
import { readFreshness } from "./freshness-read.ts";
import { columnOf, findNode, kindOf, linkTo, modelsOf, originsOf, tableOf, testsOf } from "./nodes.ts";
import { readOwnNodePage } from "./own-node-read.ts";
import { readTests } from "./quality-read.ts";

const buildsShown = 60;

/** Everything that the page of a model or source shows. A fault in the project is a PermanentError that says where. */
export async function readNodePage(
  context: Pick<AppContext, "read" | "pipeline" | "now">,
  kind: "model" | "source",
  name: string,
): Promise<NodePageView> {
  const project = await context.pipeline.project();
  const node = findNode(project, name);
  if (!node || kindOf(name) !== kind) {
    const own = kind === "model" ? await readOwnNodePage(context, name, buildsShown) : undefined;
    if (own) return own;
    throw new RequestError("not_found", `There is no ${kind} "${name}".`, "name");
  }
  const source = project.sources.find((one) => one === node);
  const [builds, rows, { tests }, freshness] = await Promise.all([
    kind === "model" ? selectModelBuilds(context.read, jobIds.transform, name, buildsShown) : [],
    selectTableRows(context.read, [tableOf(name)]),
    readTests(context, project),
    readFreshness(context, source ? [source] : []),
  ]);
  const dependsOn = "dependsOn" in node ? node.dependsOn : [];
  const statuses = new Map(tests.map((test) => [test.name, test.status]));
  const columns = readColumns(project, node, dependsOn, statuses);
  const told = new Set(columns.flatMap((column) => column.tests.map((test) => test.name)));
  return {
    now: context.now(),
    name,
    kind,
    own: null,
    materialization: "materialization" in node ? node.materialization : null,
    description: node.description,
    path: node.path,
    columns,
    otherTests: node.tests
      .filter((test) => !told.has(test))
      .map((test) => ({ name: test, status: statuses.get(test) ?? "idle" })),
    upstream: dependsOn.map(linkTo),
    downstream: modelsOf(project)
      .filter((model) => model.dependsOn.includes(name))
      .map((model) => linkTo(model.name)),
    origins: kind === "model" ? originsOf(project, name).map(linkTo) : [],
    rows: rows[0] ? { count: rows[0].rows, isEstimate: true } : null,
    rawSql: "rawSql" in node ? node.rawSql : null,
    compiledSql: "compiledSql" in node ? node.compiledSql || null : null,
    freshness: freshness[0] ?? null,
    builds,
  };
}

/** The described columns, their tests, and the columns of the same name right upstream that they can be handed on from. */
function readColumns(
  project: ProjectSummary,
  node: ProjectNode | ProjectSource,
  dependsOn: string[],
  statuses: Map<string, string>,
): ColumnView[] {
  const tests = testsOf(project).filter(({ subject }) => subject === node.name);
  return node.columns.map(({ name, description }) => ({
    name,
    description,
    tests: tests
      .filter((test) => columnOf(test) === name)
      .map((test) => ({ name: test.name, status: statuses.get(test.name) ?? "idle" })),
    from: dependsOn
      .filter((parent) => findNode(project, parent)?.columns.some((column) => column.name === name))
      .map(linkTo),
  }));
}
