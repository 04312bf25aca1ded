import type { Sql } from "../db/client.ts";
import { lockRawTables } from "../db/queries/market/raw-lock.ts";
import { decideSplit } from "../db/queries/market/splits.ts";
import { insertAction } from "../db/queries/operations/actions.ts";
import { requireReason } from "./orchestrator/requests/runs.ts";
import { type Actor, RequestError } from "./orchestrator/types.ts";

/** Whether a split counts, as somebody decides: it is told by its ticker and day, and the reason is kept. */
export type SplitDecisionRequest = { ticker: string; date: string; counts: boolean; reason: string };

type SplitDecisionOptions = { sql: Sql; rebuild(): Promise<void>; now(): Date };

/**
 * Keeps what somebody decided of a split, and has the models built where that changes what counts. It stands until the vendor
 * states another ratio or type, or withdraws the split. Throws a RequestError (`reason`, `ticker`).
 */
export async function decideOnSplit(
  { sql, rebuild, now }: SplitDecisionOptions,
  request: SplitDecisionRequest,
  by: Actor,
): Promise<void> {
  const { ticker, date, counts } = request;
  const why = requireReason(request);
  const before = await sql.begin(async (transaction) => {
    const at = await lockRawTables(transaction);
    const decision = { counts, by: by.name, why, decidedAt: now() };
    const known = await decideSplit(transaction, { ticker, date }, decision, at);
    if (!known) throw new RequestError("not_found", `No split of ${ticker} on ${date} is known.`, "ticker");
    const details = { ticker, date, decision: counts ? "counts" : "set_aside", setAside: known.setAside };
    await insertAction(transaction, { actor: by.name, via: by.via, kind: "split.decide", reason: why, details });
    return known;
  });
  if ((before.setAside === null) !== counts) await rebuild();
}
