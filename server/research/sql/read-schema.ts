import { type PublishedRelation, selectPublishedRelations } from "../../../db/queries/research/published.ts";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";
import type { AppContext } from "../../context.ts";

type Described = { description: string; columns: { name: string; description: string }[] };

/** What may be read, as the database describes it and, where that says nothing, the dbt project: of raw tables it does. */
export async function readPublished(context: AppContext): Promise<PublishedRelation[]> {
  const [relations, described] = await Promise.all([selectPublishedRelations(context.read), describedIn(context)]);
  return relations.map((relation) => {
    const known = described.get(relation.name);
    const words = new Map(known?.columns.map(({ name, description }) => [name, description]));
    return {
      ...relation,
      description: relation.description || (known?.description ?? ""),
      columns: relation.columns.map((column) => ({
        ...column,
        description: column.description || (words.get(column.name) ?? ""),
      })),
    };
  });
}

/** By table; nothing where a fault in the project keeps it from being read, which is told elsewhere. */
async function describedIn({ pipeline }: AppContext): Promise<Map<string, Described>> {
  try {
    const { sources, nodes } = await pipeline.project();
    return new Map<string, Described>([
      ...nodes.map((node) => [node.name, node] as const),
      ...sources.map((source) => [source.name.split(".").at(-1) ?? source.name, source] as const),
    ]);
  } catch (error) {
    if (error instanceof PermanentError) return new Map();
    throw error;
  }
}
