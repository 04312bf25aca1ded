import type { Sql } from "../../db/client.ts";
import { selectSplits } from "../../db/queries/market/read-bars.ts";
import { selectSecurityOn } from "../../db/queries/market/read-securities.ts";
import { selectDoubt, selectWithdrawn } from "../../db/queries/market/read-withdrawn.ts";
import { selectWorkspaceColumns } from "../../db/queries/market/read-workspace-columns.ts";
import type { WorkspaceBar } from "../../db/queries/market/read-workspace-values.ts";
import { selectLandings, selectSessionRow } from "../../db/queries/quality/read-bar-lineage.ts";
import { newYorkDate } from "../../jobs/market/calendar.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { BarLineage } from "../../views/quality/lineage-types.ts";
import type { AppContext } from "../context.ts";
import { readWorkspaceRows } from "../market/workspace-ticker.ts";

/** What a bar passes, from the raw table to the published one. */
const stages = [
  { name: "polygon.source_polygon_stock_bars_daily", title: "Loaded" },
  { name: "stg_polygon__stock_bars_casted", title: "Staging" },
  { name: "int_polygon__stock_bars_enriched", title: "Split-adjusted" },
  { name: "fct_polygon__stock_bars_performance", title: "Published" },
].map((stage) => ({ ...stage, relation: stage.name.replace(/^.*\./, "") }));

/** Landings that are looked into for the row: a session is fetched again some times, and what was taken back is only in the first. */
const landingsRead = 12;
const withdrawnShown = 10;

type Context = Pick<AppContext, "read" | "pipeline" | "now">;

/** Follows a ticker's session back to the raw answer. Null where no relation and no answer has it. */
export async function readLineage(context: Context, ticker: string, session: string): Promise<BarLineage | null> {
  const { read } = context;
  const [rows, landed, security, withdrawn, doubt] = await Promise.all([
    Promise.all(stages.map(({ relation }) => selectSessionRow(read, relation, ticker, session))),
    findLanding(context, ticker, session),
    selectSecurityOn(read, ticker, session),
    selectWithdrawn(read, { ticker, from: session, to: session, limit: withdrawnShown }),
    selectDoubt(read, ticker, session),
  ]);
  if (!landed && withdrawn.length === 0 && rows.every((row) => row === null)) return null;
  const [splits, fed] = await Promise.all([
    selectSplits(read, { ticker, security }),
    readFed(read, { session, label: ticker, security, newestLabel: ticker }),
  ]);
  const today = newYorkDate(context.now());
  const run = (runId: number | null | undefined, state: string | null | undefined, at: Date | null | undefined) =>
    runId == null ? null : { runId, state: state ?? "queued", at: at ?? null };
  const landing = landed?.landing;
  return {
    ticker,
    session,
    raw: landed && { ...landed.raw, manifest: landed.landing.manifest },
    ingest: run(landing?.runId, "success", landing?.finishedAt),
    load: run(landing?.loadId, landing?.loadState, landing?.loadedAt),
    transform: run(landing?.transformId, landing?.transformState, landing?.publishedAt),
    ...{ withdrawn, doubt },
    splits: splits.filter(({ date }) => date > session && date <= today),
    stages: stages.map((stage, index) => ({ ...stage, row: rows[index] ?? null })),
    fed,
  };
}

/** What the people's own models have of the session; those that are of tickers alone are of none. */
async function readFed(read: Sql, bar: WorkspaceBar): Promise<BarLineage["fed"]> {
  const columns = (await selectWorkspaceColumns(read)).filter(({ relation }) => relation.grain !== "ticker");
  const rows = await readWorkspaceRows({ read }, columns, bar);
  return rows.map(({ model, columns: own, values, problem }) => ({
    ...{ model, problem },
    values: own.map(({ column, description }, index) => ({ column, description, value: values[index] ?? null })),
  }));
}

/** The latest answer that has the row: one of some tickers only may have come after the one of the whole market. */
async function findLanding({ read, pipeline }: Context, ticker: string, session: string) {
  for (const landing of await selectLandings(read, jobIds, session, landingsRead)) {
    const raw = await pipeline.lakeViewer.findBar(landing.manifest, ticker, session);
    if (raw) return { landing, raw };
  }
  return null;
}
