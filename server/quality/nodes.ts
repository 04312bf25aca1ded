import { PermanentError } from "../../jobs/orchestrator/errors.ts";
import { withAncestors } from "../../jobs/transform/project/graph.ts";
import type { ProjectNode, ProjectSource, ProjectSummary } from "../../jobs/transform/transform.ts";
import type { NodeLink } from "../../views/quality/types.ts";
import type { AppContext } from "../context.ts";

/** The dbt project; or, where a file of it is faulty, an empty one and why. */
export type KnownProject = { project: ProjectSummary; problem: string | null };

/** Reads the project for pages that have more to show than it. Results stay to be seen while a file is being mended. */
export async function readProject({ pipeline }: Pick<AppContext, "pipeline">): Promise<KnownProject> {
  try {
    return { project: await pipeline.project(), problem: null };
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return { project: { name: "", nodes: [], sources: [] }, problem: error.message };
  }
}

export const modelsOf = (project: ProjectSummary): ProjectNode[] =>
  project.nodes.filter(({ resourceType }) => resourceType !== "test");
export const testsOf = (project: ProjectSummary): ProjectNode[] =>
  project.nodes.filter(({ resourceType }) => resourceType === "test");

/** Models and sources share their names' space: a source's has a dot. */
export const kindOf = (name: string): "model" | "source" => (name.includes(".") ? "source" : "model");

/** Where a model or source is explained. */
export const nodeHref = (name: string) => `/quality/${kindOf(name)}s/${encodeURIComponent(name)}`;

export const linkTo = (name: string): NodeLink => ({ name, href: nodeHref(name), kind: kindOf(name) });

/** The table of a source in `public`; a model's is its own name. */
export const tableOf = (name: string) => name.replace(/^.*\./, "");

export const findNode = (project: ProjectSummary, name: string): ProjectNode | ProjectSource | undefined =>
  modelsOf(project).find((node) => node.name === name) ?? project.sources.find((source) => source.name === name);

/** Names of the sources that a model reads, by whatever way; of a source itself. */
export function originsOf(project: ProjectSummary, name: string): string[] {
  const read = withAncestors(modelsOf(project), [name]);
  return project.sources.map((source) => source.name).filter((source) => read.has(source));
}

/** The column that a test speaks of; null of a test of the whole model. */
export function columnOf({ assertion }: ProjectNode): string | null {
  if (!assertion) return null;
  if (assertion.kind !== "custom") return "column" in assertion ? assertion.column : null;
  const { column_name: column } = assertion.given;
  return typeof column === "string" ? column : null;
}

/** What a test of the project's own is given, as `min_value 0, max_value 1`. */
const givenTo = (given: Record<string, unknown>) =>
  Object.entries(given)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ") || "nothing";

/** What a test asserts, as a sentence. */
export function sentenceOf(test: ProjectNode): string {
  const { assertion } = test;
  const on = test.subject ?? "the warehouse";
  if (test.description) return test.description;
  if (test.testKind === "unit") return `On given rows, ${on} answers what is expected of it.`;
  switch (assertion?.kind) {
    case "not_null":
      return `Every row of ${on} has a value in ${assertion.column}.`;
    case "unique":
      return `No two rows of ${on} share a value of ${assertion.column}.`;
    case "accepted_values":
      return `${assertion.column} of ${on} is always one of ${assertion.values.join(", ")}.`;
    case "relationships":
      return `Every ${assertion.column} of ${on} is found in ${assertion.field} of ${assertion.to}.`;
    case "custom":
      return `Every row of ${on} stands the project’s test ${assertion.macro.replace(/^test_/, "")}, given ${givenTo(assertion.given)}.`;
    default:
      return `The query below finds no row: each row that it finds is a failure.`;
  }
}
