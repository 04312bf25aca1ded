import type { WorkspaceColumn, WorkspaceValue } from "../../db/queries/market/read-workspace-columns.ts";
import { selectWorkspaceRow, type WorkspaceBar } from "../../db/queries/market/read-workspace-values.ts";
import type { IndicatorGroupView } from "../../views/market/ticker-indicators.tsx";
import type { AppContext } from "../context.ts";
import { asModelError, UnreadableModelError, type Workspace, workspaceIndicator } from "./workspace-columns.ts";

/** A model's row of one bar: nulls where it has none. `problem`: why it cannot be read, in place of its values. */
export type WorkspaceRow = {
  model: string;
  columns: WorkspaceColumn[];
  values: WorkspaceValue[];
  problem: string | null;
};

/** The rows that the people's own models have of a bar, by model. One that fails or takes too long says so and holds up no other. */
export async function readWorkspaceRows(
  { read }: Pick<AppContext, "read">,
  columns: readonly WorkspaceColumn[],
  bar: WorkspaceBar,
): Promise<WorkspaceRow[]> {
  const relations = Map.groupBy(columns, ({ relation }) => relation);
  return await Promise.all(
    [...relations].map(async ([relation, own]) => {
      const { model } = relation;
      const row = { model, columns: own, values: own.map(() => null), problem: null };
      try {
        return { ...row, values: (await selectWorkspaceRow(read, relation, own, bar)) ?? row.values };
      } catch (error) {
        const told = asModelError(error, [model]);
        if (!(told instanceof UnreadableModelError)) throw error;
        return { ...row, problem: told.message };
      }
    }),
  );
}

/** What a ticker's page shows of the people's own models: a group each, of its last session or of the ticker. */
export async function readWorkspaceGroups(
  context: AppContext,
  workspace: Workspace,
  bar: WorkspaceBar,
): Promise<IndicatorGroupView[]> {
  const rows = await readWorkspaceRows(context, [...workspace.values()], bar);
  return rows.map(({ model, columns, values, problem }) => ({
    group: `Workspace: ${model}`,
    problem,
    indicators: problem
      ? []
      : columns.map((column, index) => ({ ...workspaceIndicator(column, workspace), value: values[index] ?? null })),
  }));
}
