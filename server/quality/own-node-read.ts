import { selectModelBuilds } from "../../db/queries/quality/read-quality.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { WorkspaceGroupView, WorkspaceNodeView } from "../../jobs/workspace/view.ts";
import type { NodePageView } from "../../views/quality/types.ts";
import type { AppContext } from "../context.ts";
import { linkTo } from "./nodes.ts";

type Context = Pick<AppContext, "read" | "pipeline" | "now">;
type Found = { node: WorkspaceNodeView; group: WorkspaceGroupView };

const isTest = ({ kind }: WorkspaceNodeView) => kind === "test";

async function findOwn(
  { pipeline }: Pick<AppContext, "pipeline">,
  name: string,
  isWanted: (node: WorkspaceNodeView) => boolean,
): Promise<Found | undefined> {
  const { groups } = await pipeline.workspace();
  return groups
    .flatMap((group) => group.nodes.map((node) => ({ node, group })))
    .find(({ node }) => node.name === name && isWanted(node));
}

/** A test of the workspace; undefined where it has none of that name. */
export const findOwnTest = async (context: Pick<AppContext, "pipeline">, name: string) =>
  (await findOwn(context, name, isTest))?.node;

const testStatuses: Record<NonNullable<WorkspaceNodeView["state"]>, string> = {
  published: "pass",
  failed: "fail",
  timed_out: "error",
  refused: "error",
  waiting: "idle",
  skipped: "skipped",
};

/** What the page of a model, seed or snapshot of the workspace shows; undefined where it has none of that name. */
export async function readOwnNodePage(
  context: Context,
  name: string,
  buildsShown: number,
): Promise<NodePageView | undefined> {
  const found = await findOwn(context, name, (node) => !isTest(node));
  if (found === undefined) return undefined;
  const { node, group } = found;
  const tests = group.nodes
    .filter((test) => isTest(test) && test.subject === name)
    .map((test) => ({ name: test.name, column: test.column, status: test.state ? testStatuses[test.state] : "idle" }));
  const columns = columnsOf(node);
  const fault = node.fault ?? (node.state === "published" ? null : group.fault);
  return {
    now: context.now(),
    name,
    kind: "model",
    own: { group: group.name, fault },
    materialization: node.materialization ?? node.kind,
    description: node.description,
    path: node.file,
    columns: columns.map((column) => ({
      ...column,
      tests: tests.filter((test) => test.column === column.name),
      from: [],
    })),
    otherTests: tests.filter((test) => !columns.some((column) => column.name === test.column)),
    upstream: node.dependsOn.map(linkTo),
    downstream: group.nodes
      .filter((other) => !isTest(other) && other.dependsOn.includes(name))
      .map((other) => linkTo(other.name)),
    origins: [],
    rows: node.rows === null ? null : { count: node.rows, isEstimate: false },
    rawSql: node.rawSql,
    compiledSql: node.compiledSql,
    freshness: null,
    builds: await selectModelBuilds(context.read, jobIds.workspace, name, buildsShown),
  };
}

/** Those that are published with, of one that is not, those that are described. */
function columnsOf({ published, columns }: WorkspaceNodeView): { name: string; description: string }[] {
  const all = published?.columns ?? columns;
  return all.map(({ name, description }) => ({ name, description }));
}
