import type { WorkspaceColumn } from "../../db/queries/market/read-workspace-columns.ts";
import { selectWorkspaceSeries } from "../../db/queries/market/read-workspace-values.ts";
import type { ChartIndicator, ChartSeries } from "../../views/market/chart-data.ts";
import type { AppContext } from "../context.ts";
import type { PageHolder } from "./ticker-security.ts";
import {
  asModelError,
  readWorkspace,
  UnreadableModelError,
  type Workspace,
  workspaceIndicator,
} from "./workspace-columns.ts";

/** The columns of the people's own models that are numbers by session, which alone make a line. */
export async function readWorkspaceLines(context: AppContext, holder: PageHolder): Promise<Workspace> {
  const workspace = await readWorkspace(context, holder.security !== null);
  return new Map([...workspace].filter(([, { kind, relation }]) => kind === "number" && relation.grain !== "ticker"));
}

/** As charts offer such a column: in a pane of its own, as nobody but its maker knows its measure. */
export function workspaceChartIndicator(column: WorkspaceColumn, workspace: Workspace): ChartIndicator {
  const { label, hint, kind } = workspaceIndicator(column, workspace);
  return { column: column.name, label, hint, kind, pane: column.name };
}

/** The series that were asked for, and why a model that has some of them cannot be read. */
export type WorkspaceLines = { series: ChartSeries[]; problems: string[] };

/** The asked columns in the given sessions; one model that fails or takes too long holds up no other. */
export async function readWorkspaceSeries(
  context: AppContext,
  holder: PageHolder,
  { asked, dates }: { asked: readonly string[]; dates: readonly string[] },
): Promise<WorkspaceLines> {
  if (!asked.some((name) => name.includes("."))) return { series: [], problems: [] };
  const workspace = await readWorkspaceLines(context, holder);
  const columns = asked.flatMap((name) => workspace.get(name) ?? []);
  const problems: string[] = [];
  const read = [...Map.groupBy(columns, ({ relation }) => relation)].map(async ([relation, own]) => {
    try {
      const rows = await selectWorkspaceSeries(context.read, relation, own, holder);
      const byDate = new Map(rows.map(([date, ...values]) => [date, values]));
      return own.map((column, index) => ({
        ...workspaceChartIndicator(column, workspace),
        values: dates.map((date) => byDate.get(date)?.[index] ?? null),
      }));
    } catch (error) {
      const told = asModelError(error, [relation.model]);
      if (!(told instanceof UnreadableModelError)) throw error;
      problems.push(told.message);
      return [];
    }
  });
  return { series: (await Promise.all(read)).flat(), problems };
}
