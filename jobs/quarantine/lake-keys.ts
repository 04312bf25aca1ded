import type { Sql } from "../../db/client.ts";
import type { RawBar } from "../../db/queries/market/held-bars.ts";
import { selectLandings } from "../../db/queries/quality/read-bar-lineage.ts";
import type { LakeViewer } from "../lake/viewer.ts";
import { jobIds } from "../pipeline.ts";

/** A session is fetched again a few times at the most. */
const landingsRead = 8;
/** Answers of the whole market are read one by one: more rows than these are found by their lineage when somebody asks. */
const mostRows = 200;

/** The raw object that holds each bar, in their order; null where no answer has it any more, or there are too many to look. */
export async function findLakeKeys(
  sql: Sql,
  lake: Pick<LakeViewer, "findBar">,
  bars: readonly RawBar[],
): Promise<(string | null)[]> {
  const keys: (string | null)[] = [];
  for (const [index, { ticker, session }] of bars.entries())
    keys.push(index < mostRows ? await findKey(sql, lake, ticker, session) : null);
  return keys;
}

async function findKey(sql: Sql, lake: Pick<LakeViewer, "findBar">, ticker: string, session: string) {
  for (const { manifest } of await selectLandings(sql, jobIds, session, landingsRead)) {
    const found = await lake.findBar(manifest, ticker, session);
    if (found) return found.key;
  }
  return null;
}
