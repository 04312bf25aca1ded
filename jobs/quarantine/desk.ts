import type { Sql, TransactionSql } from "../../db/client.ts";
import {
  type Decision,
  decideQuarantine,
  releaseBars,
  selectQuarantineState,
} from "../../db/queries/market/quarantine.ts";
import { lockRawTables } from "../../db/queries/market/raw-lock.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { judgeDates } from "../market/split-judgement.ts";
import { requireReason } from "../orchestrator/requests/runs.ts";
import { type Actor, RequestError, type TaskLog } from "../orchestrator/types.ts";
import type { QuarantineDesk } from "./types.ts";

export type DeskOptions = {
  sql: Sql;
  log: Pick<TaskLog, "warn">;
  /** Asks for a build, once the rows of a ticker are in the raw table again. */
  rebuild(ticker: string): Promise<void>;
};

/** Makes the desk at which people decide about rows that are held back. Each decision is kept with its reason. */
export function createQuarantineDesk({ sql, log, rebuild }: DeskOptions): QuarantineDesk {
  const decide = async (id: number, state: Decision["state"], reason: string, by: Actor) => {
    const why = requireReason({ reason });
    return await sql.begin(async (transaction) => {
      const at = await lockRawTables(transaction);
      const ticker = await decideQuarantine(transaction, id, { state, by: by.name, reason: why, at });
      if (ticker === undefined) throw await refusal(transaction, id);
      const bars = state === "released" ? await releaseBars(transaction, id, at) : [];
      const dates = bars.map(({ tradeDate }) => tradeDate);
      await judgeDates(transaction, log, at, dates);
      const kind = state === "released" ? "quarantine.release" : "quarantine.drop";
      const details = { quarantineId: id, ticker, ...(state === "released" && { rows: bars.length }) };
      await insertAction(transaction, { actor: by.name, via: by.via, kind, reason: why, details });
      return ticker;
    });
  };
  return {
    async release(id, reason, by) {
      await rebuild(await decide(id, "released", reason, by));
    },
    async drop(id, reason, by) {
      await decide(id, "dropped", reason, by);
    },
  };
}

async function refusal(transaction: TransactionSql, id: number): Promise<RequestError> {
  const state = await selectQuarantineState(transaction, id);
  if (state === undefined) return new RequestError("not_found", `There is no quarantine ${id}.`, "id");
  return new RequestError("conflict", `Quarantine ${id} is ${state} already.`, "id");
}
