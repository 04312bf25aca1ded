import { columnsOf, type Table, type TableColumn, tableOf } from "../http/tables/table.ts";
import { indicatorOf } from "./screener-indicators.ts";
import type { FoundScreen } from "./screener-read.ts";
import type { ColumnName } from "./screener-request.ts";
import { isWorkspaceName, type Workspace } from "./workspace-columns.ts";

const kinds = { number: "number", text: "text", boolean: "boolean" } as const;

function columnOf(name: ColumnName, workspace: Workspace): TableColumn {
  if (!isWorkspaceName(name)) return { name, kind: "number", description: indicatorOf(name).hint };
  const column = workspace.get(name);
  return { name, kind: kinds[column?.kind ?? "text"], description: column?.description ?? "" };
}

/** What a screen of a session found. */
export function screenTable(
  columns: readonly ColumnName[],
  workspace: Workspace,
  { session, rows }: { session: string | null; rows: FoundScreen["rows"] },
): Table {
  const all = [
    ...columnsOf("date", "session"),
    ...columnsOf("text", "ticker", "name", "type"),
    ...columnsOf("date", "delisted_on"),
    ...columns.map((name) => columnOf(name, workspace)),
  ];
  return tableOf(`barline-screener-${session ?? "none"}`, all, rows, (row) => [
    ...[session, row.ticker, row.name, row.type, row.delistedOn],
    ...row.values,
  ]);
}
