import { test } from "bun:test";
import { createTestDatabase } from "./database.ts";

/** Tells where its server's files are and holds on until somebody interrupts it. Run by name, from `database.test.ts`. */
test("is interrupted", async () => {
  const { sql } = await createTestDatabase();
  const [setting] = await sql<{ folder: string }[]>`select current_setting('data_directory') as folder`;
  process.stderr.write(`server in ${setting?.folder}\n`);
  await new Promise<never>(() => {});
});
