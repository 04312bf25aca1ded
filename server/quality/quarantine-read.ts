import type { Sql } from "../../db/client.ts";
import { type Quarantine, selectQuarantines } from "../../db/queries/market/read-quarantines.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import type { QuarantineView } from "../../views/quality/quarantine.tsx";
import type { AppContext } from "../context.ts";

export const quarantineStates = ["held", "released", "dropped"] as const;

const pageSize = 40;

/** One quarantine with its rows. A RequestError where there is none of the number. */
export async function findQuarantine(read: Sql, id: number): Promise<Quarantine> {
  const filter = { state: null, ticker: null, runId: null, before: id + 1 };
  const [found] = await selectQuarantines(read, filter, 1);
  if (found?.id === id) return found;
  throw new RequestError("not_found", `There is no quarantine ${id}.`, "id");
}

/** A page of quarantines; `problem` is why the last decision could not be made. */
export async function readQuarantineView(
  { read }: Pick<AppContext, "read">,
  asked: QuarantineView["filter"],
  before: number | null,
  problem: QuarantineView["problem"] = null,
): Promise<QuarantineView> {
  const state = quarantineStates.find((one) => one === asked.state) ?? null;
  const filter = { state, ticker: asked.ticker || null, runId: null, before };
  const rows = await selectQuarantines(read, filter, pageSize + 1);
  const url = (id: number | null) => {
    const parts = { state: state ?? "", ticker: asked.ticker, before: id === null ? "" : String(id) };
    const set = Object.entries(parts).filter(([, value]) => value !== "");
    return `/quality/quarantine${set.length > 0 ? `?${new URLSearchParams(set)}` : ""}`;
  };
  const shown = rows.slice(0, pageSize);
  const last = shown.at(-1);
  return {
    quarantines: shown,
    filter: { state: state ?? "", ticker: asked.ticker },
    problem,
    newest: before === null ? null : url(null),
    older: rows.length > pageSize && last ? url(last.id) : null,
  };
}
