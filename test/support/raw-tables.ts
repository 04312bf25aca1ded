import { test } from "bun:test";
import { mergeDistributed } from "../../db/queries/market/distributed-merge.ts";
import { mergeStagedBars } from "../../db/queries/market/load.ts";
import { citusUrl } from "./citus.ts";
import { createTestDatabase, type RawForm, type TestDatabase } from "./database.ts";

/** A database whose raw tables have one of the forms that they can have, and the merge that is used on it. */
export type RawTables = TestDatabase & { name: string; merge: typeof mergeStagedBars };

const names: Record<RawForm, string> = {
  whole: "on one server",
  partitions: "in partitions, as shards are",
  citus: "on Citus",
};

/** The merge that is used on a database. */
export const mergeOf = ({ distributed }: TestDatabase) => (distributed ? mergeDistributed : mergeStagedBars);

/** A database in each form: whatever is told of the raw tables holds in all. Citus is skipped where CITUS_URL names no coordinator. */
export async function openRawTables(): Promise<RawTables[]> {
  const forms: RawForm[] = ["whole", "partitions"];
  if (citusUrl === undefined) test.skip("the same on Citus, on the coordinator that CITUS_URL names", () => {});
  else forms.push("citus");
  return await Promise.all(
    forms.map(async (raw) => {
      const database = await createTestDatabase({ raw });
      return { ...database, name: names[raw], merge: mergeOf(database) };
    }),
  );
}
