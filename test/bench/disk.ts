import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Bytes on disk: the tables and indexes, the write-ahead log that is kept, and the raw answers. */
export type DiskUse = { data: number; wal: number; lake: number };

/** What a data folder holds while its server runs. */
export async function readDiskUse(dataDir: string): Promise<DiskUse> {
  const [data, wal, lake] = await Promise.all(
    ["postgres/base", "postgres/pg_wal", "lake"].map((folder) => folderBytes(join(dataDir, folder))),
  );
  return { data: data ?? 0, wal: wal ?? 0, lake: lake ?? 0 };
}

/** A file may go while it is looked at. */
async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return await folderBytes(path);
      return await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
