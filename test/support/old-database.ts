import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { searchPath } from "../../db/client.ts";
import journal from "../../db/migrations/meta/_journal.json";
import { createTestDatabase, type TestDatabase } from "./database.ts";

/** A database as an older version left it: with every migration before the one of this name. */
export async function createDatabaseBefore(migration: string): Promise<TestDatabase> {
  const index = journal.entries.findIndex(({ tag }) => tag.replace(/^\d+_/, "") === migration);
  if (index < 0) throw new Error(`There is no migration "${migration}".`);
  const folder = mkdtempSync(join(tmpdir(), "barline-migrations-"));
  const database = await createTestDatabase({ empty: true });
  const sql = postgres(database.url, { max: 1, onnotice: () => {}, connection: { search_path: searchPath } });
  try {
    cpSync(join(import.meta.dir, "../../db/migrations"), folder, { recursive: true });
    const older = { ...journal, entries: journal.entries.slice(0, index) };
    writeFileSync(join(folder, "meta/_journal.json"), JSON.stringify(older));
    await migrate(drizzle(sql), { migrationsFolder: folder });
    return database;
  } finally {
    await sql.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
