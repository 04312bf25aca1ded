import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { BackupError, type BackupWriter, createBackupFile } from "../../db/backup/frames.ts";
import { writeTables } from "../../db/backup/write.ts";
import { openPool } from "../../db/client.ts";
import { MARTS } from "../../jobs/export/manifest.ts";
import { openLake } from "../../jobs/lake/open.ts";
import packageJson from "../../package.json" with { type: "json" };
import type { Config } from "../config.ts";
import { lakeOf } from "../lake-config.ts";
import { openDatabase } from "./database.ts";
import { inBytes, placeOf, type Tell } from "./words.ts";

/** Writes a backup of the configured database, and with `withLake` of the lake but for what is exported to it, to a file that is not there yet. */
export async function backUp(
  config: Config,
  { file, withLake, now, tell }: { file: string; withLake: boolean; now: Date; tell: Tell },
): Promise<void> {
  if (existsSync(file)) throw new BackupError(`${file} is there already. Name another file, or remove it first.`);
  // Under its name only once it is whole.
  const partial = `${file}.partial`;
  const database = await openDatabase(config);
  try {
    await rm(partial, { force: true });
    const writer = await writeDatabase(database.url, config, { partial, withLake, now, tell });
    try {
      if (withLake) await writeLake(writer, config, tell);
      await writer.close();
    } catch (error) {
      writer.abandon();
      throw error;
    }
    await rename(partial, file);
    await syncFolder(dirname(file));
    tell(`${file} is written: ${inBytes(Bun.file(file).size)}.`);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await database.close();
  }
}

async function writeDatabase(
  url: string,
  config: Config,
  { partial, withLake, now, tell }: { partial: string; withLake: boolean; now: Date; tell: Tell },
): Promise<BackupWriter> {
  const sql = openPool(url, "work", { max: 1, name: "barline backup" });
  try {
    return await writeTables(sql, {
      begin: (found) =>
        createBackupFile(partial, {
          format: "barline backup 1",
          version: packageJson.version,
          writtenAt: now.toISOString(),
          lake: { place: placeOf(lakeOf(config)), included: withLake },
          ...found,
        }),
      onTable: ({ schema, name }, size, { index, of }) =>
        tell(`table ${index + 1} of ${of}: ${schema}.${name}, ${inBytes(size)}`),
      onLeftOut: (names) => tell(`left out, as a column is of a type of your own: ${names.join(", ")}`),
    });
  } finally {
    await sql.end();
  }
}

/** How many objects are written between two lines about it. */
const objectsPerLine = 500;

/** What has landed since the tables were read is written too; their manifests name none that is missing. */
async function writeLake(writer: BackupWriter, config: Config, tell: Tell): Promise<void> {
  const lake = openLake(lakeOf(config));
  let objects = 0;
  let size = 0;
  try {
    for await (const { key } of lake.list("")) {
      // An export is of this database and of no other, which makes it again.
      if (key.startsWith(`${MARTS}/`)) continue;
      // Removed since it was listed: nothing needs it any more.
      if (!(await lake.head(key))) continue;
      const bytes = await lake.get(key);
      size += await writer.part({ kind: "object", key }, once(bytes));
      if (++objects % objectsPerLine === 0) tell(`${objects} objects of the lake, ${inBytes(size)}`);
    }
  } finally {
    await lake.close();
  }
  tell(`the lake: ${objects} objects, ${inBytes(size)}`);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync();
  await handle.close();
}
