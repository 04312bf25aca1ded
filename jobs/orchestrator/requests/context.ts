import type { TransactionSql } from "../../../db/client.ts";
import type { NewAction } from "../../../db/queries/operations/actions.ts";
import type { JobDefinition } from "../types.ts";

/** What one request may use: its transaction, the declared jobs, and a way to say what was done. */
export type RequestContext = {
  transaction: TransactionSql;
  jobOf(jobId: string): JobDefinition;
  /** Keeps who did it, with the deed. */
  record(action: Omit<NewAction, "actor" | "via">): Promise<void>;
};
