import { selectJobStandings } from "../../../db/queries/pipeline/read-jobs.ts";
import { readFirstTicker } from "../../../db/queries/research/tickers.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import type { WorkspaceNodeView } from "../../../jobs/workspace/view.ts";
import type { OwnNode, UnofferedColumn, WorkspacePageView } from "../../../views/research/workspace-view.ts";
import type { AppContext } from "../../context.ts";
import { readAvailable } from "../../market/screener-read.ts";

/** What lies in the workspace and what became of it: models group by group, and strategies. */
export async function readOverview(context: AppContext): Promise<WorkspacePageView> {
  const { read, pipeline, ownStrategies, now } = context;
  const [workspace, [standing], available] = await Promise.all([
    pipeline.workspace(),
    selectJobStandings(read, [jobIds.workspace]),
    readAvailable(context),
  ]);
  const offered = Map.groupBy(available?.workspace.values() ?? [], ({ relation }) => relation.model);
  return {
    ...workspace,
    now: now(),
    isBuilding: (standing?.running ?? 0) + (standing?.queued ?? 0) > 0,
    groups: workspace.groups.map((group) => ({
      ...group,
      nodes: group.nodes.map((node) =>
        toNode(
          node,
          (offered.get(node.name) ?? []).map(({ name }) => name),
        ),
      ),
    })),
    strategies: ownStrategies.list(),
    ticker: available === null ? null : await readFirstTicker(read),
  };
}

/** Of whom and when a row is; every page tells it by itself. */
const keyColumns = ["ticker", "security_id", "trade_date"];
/** What an address can name without marks around it. */
const isPlain = (name: string) => /^\w+$/.test(name);

function toNode(node: WorkspaceNodeView, offered: string[]): OwnNode {
  if (node.kind === "test" || node.published === null || node.published.grain === "other") {
    return { ...node, offered: [], unoffered: [] };
  }
  const taken = new Set(offered);
  const unoffered = node.published.columns.flatMap(({ name, kind, sqlType }): UnofferedColumn[] => {
    if (keyColumns.includes(name) || taken.has(`${node.name}.${name}`)) return [];
    return [{ column: name, sqlType, why: whyUnoffered(node.name, name, kind) }];
  });
  return { ...node, offered, unoffered };
}

function whyUnoffered(model: string, column: string, kind: string | null): UnofferedColumn["why"] {
  if (kind === null) return "type";
  if (!isPlain(model)) return "model_name";
  return isPlain(column) ? "unreadable" : "name";
}
