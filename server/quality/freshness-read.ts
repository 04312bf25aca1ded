import { selectNewestRow } from "../../db/queries/quality/read-quality.ts";
import type { ProjectSource } from "../../jobs/transform/transform.ts";
import type { FreshnessRow } from "../../views/quality/types.ts";
import type { AppContext } from "../context.ts";
import { tableOf } from "./nodes.ts";

/** How old the newest row of each source is now, of those that say how old it may be. An index answers each. */
export async function readFreshness(
  { read, now }: Pick<AppContext, "read" | "now">,
  sources: readonly ProjectSource[],
): Promise<FreshnessRow[]> {
  // A field that is more than a column is the project's own SQL, which only its runs may ask.
  const asked = sources.filter(({ loadedAtField }) => loadedAtField !== null && /^\w+$/.test(loadedAtField));
  const at = now().getTime();
  return Promise.all(
    asked.map(async ({ name, loadedAtField, warnAfterMs, errorAfterMs }) => {
      const newest = await selectNewestRow(read, tableOf(name), loadedAtField ?? "");
      const ageMs = newest && Math.max(0, at - newest.getTime());
      const isOlder = (limit: number | null) => limit !== null && (ageMs === null || ageMs > limit);
      const status = isOlder(errorAfterMs) ? "error" : isOlder(warnAfterMs) ? "warn" : "pass";
      return { name, newest, ageMs, warnAfterMs, errorAfterMs, status } as const;
    }),
  );
}
