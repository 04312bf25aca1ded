import type { WorkspaceColumn } from "../../db/queries/market/read-workspace-columns.ts";
import { selectWorkspaceChoices, type WorkspaceChoice } from "../../db/queries/market/read-workspace-values.ts";
import type { AppContext } from "../context.ts";
import { createSnapshots } from "../http/snapshots.ts";
import type { Workspace } from "./workspace-columns.ts";

/** Beyond these a list is no help, and what is wanted is typed. */
const mostChoices = 50;
/** What stands in a model changes with its publication, which its name in the memory has; a view's may change between. */
const keepMs = 60_000;

/** The values that the text columns of a session have, by the columns' names; none of a column with too many, or that cannot be read. */
export type ReadChoices = (workspace: Workspace, session: string) => Promise<ReadonlyMap<string, WorkspaceChoice[]>>;

/** Reads the choices of each model once a minute for all who look. */
export function createChoices({ read, now, log }: Pick<AppContext, "read" | "now" | "log">): ReadChoices {
  const snapshots = createSnapshots({ keepMs, now });
  return async function readChoices(workspace, session) {
    const texts = [...workspace.values()].filter(({ kind }) => kind === "text");
    const models = Map.groupBy(texts, ({ relation }) => relation.alias);
    const readModel = (columns: WorkspaceColumn[]) => {
      const [first] = columns;
      if (first === undefined) return new Map<string, WorkspaceChoice[]>();
      const { relation } = first;
      const name = [relation.model, relation.publishedAt.toISOString(), session, ...columns.map((one) => one.column)];
      return snapshots.of(name.join(" "), () =>
        selectWorkspaceChoices(read, relation, columns, { session, most: mostChoices }).catch((error) => {
          log.warn({ err: error, model: relation.model }, "values of a workspace model cannot be read");
          return new Map<string, WorkspaceChoice[]>();
        }),
      );
    };
    const found = await Promise.all([...models.values()].map(readModel));
    return new Map(found.flatMap((choices) => [...choices]));
  };
}
