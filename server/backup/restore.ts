import { BackupError, checkBackupFile, openBackupFile } from "../../db/backup/frames.ts";
import { requireKnownVersion, restoreTables } from "../../db/backup/read.ts";
import { openLake } from "../../jobs/lake/open.ts";
import type { ObjectStore } from "../../jobs/lake/store.ts";
import type { Config } from "../config.ts";
import { lakeOf } from "../lake-config.ts";
import { openDatabase } from "./database.ts";
import { inBytes, placeOf, type Tell } from "./words.ts";

/**
 * Brings the configured database, which must be empty, to where a backup was; its lake too, where the backup has it. Throws
 * {@link BackupError} where it does not fit. Nothing is changed unless all of it came through.
 */
export async function restore(config: Config, { file, tell }: { file: string; tell: Tell }): Promise<void> {
  tell(`${file} is compared with its checksums`);
  const header = await checkBackupFile(file);
  requireKnownVersion(header);
  const { lake: held, writtenAt } = header;
  const lake = openLake(lakeOf(config));
  const database = held.included ? await openIfLakeIsEmpty(lake, config) : await openDatabase(config);
  const put: string[] = [];
  const reader = await openBackupFile(file);
  try {
    await restoreTables(database.url, {
      reader,
      onTable: (name, size, { index, of }) => tell(`table ${index + 1} of ${of}: ${name}, ${inBytes(size)}`),
      onViewsRefused: (names) => tell(`the next build makes these views again: ${names.join(", ")}`),
      onObject: async (key, bytes) => {
        if (put.push(key) === 1) await lake.ensureReady();
        await lake.put(key, bytes, { contentType: key.endsWith(".gz") ? "application/gzip" : "application/json" });
      },
    });
  } catch (error) {
    for (const key of put) await lake.delete(key);
    throw error;
  } finally {
    reader.close();
    await lake.close();
    await database.close();
  }
  tell(`restored: as it was at ${writtenAt}${held.included ? `, ${put.length} objects of the lake` : ""}.`);
  if (!held.included)
    tell(`The raw answers are not in this file: bring those of ${held.place} to ${placeOf(lakeOf(config))}.`);
}

async function openIfLakeIsEmpty(lake: ObjectStore, config: Config) {
  await lake.ensureReady();
  for await (const { key } of lake.list(""))
    throw new BackupError(`The lake is not empty: it has ${lake.uri(key)}. Restore beside an empty one.`);
  return await openDatabase(config);
}
