import type { Sql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { type RetentionRow, selectRetention, updateRetention } from "../../db/queries/operations/housekeeping.ts";
import { countOldLandings } from "../../db/queries/operations/remove-landings.ts";
import { countOld } from "./records.ts";
import { checkRetention, cutoff, landingsBefore, mergeRetention } from "./retention.ts";
import { type Housekeeping, nothingRemoved, recordKinds } from "./types.ts";

/** Counting stops there: what matters is the order of size. */
const mostCounted = 100_000;

type RetentionRequests = Pick<Housekeeping, "readRetention" | "checkRetention" | "changeRetention" | "preview">;

/** What people ask about how long things are kept. */
export function createRetentionRequests(sql: Sql, now: () => Date): RetentionRequests {
  return {
    readRetention: () => selectRetention(sql),
    checkRetention,
    async changeRetention(change, by) {
      return (await sql.begin(async (transaction) => {
        const { changedAt: _, changedBy: __, ...days } = await selectRetention(transaction);
        const { merged, changed } = mergeRetention(days, change);
        if (Object.keys(changed).length > 0) {
          await updateRetention(transaction, merged, by.name);
          const action = { actor: by.name, via: by.via, kind: "retention.change", details: changed };
          await insertAction(transaction, action);
        }
        return await selectRetention(transaction);
      })) as RetentionRow;
    },
    async preview({ days, withNewest = false } = {}) {
      const retention = days ?? (await selectRetention(sql));
      const { expired: _, ...counts } = nothingRemoved();
      for (const kind of recordKinds) {
        const before = cutoff(retention[`${kind}Days`], now());
        if (before) counts[kind] = await countOld(kind, sql, before, mostCounted);
      }
      const filter = landingsBefore(retention.lakeDays, now(), withNewest);
      const lake = filter ? await countOldLandings(sql, filter) : { objects: 0, bytes: 0 };
      return { counts: { ...counts, lakeObjects: lake.objects, lakeBytes: lake.bytes }, most: mostCounted };
    },
  };
}
