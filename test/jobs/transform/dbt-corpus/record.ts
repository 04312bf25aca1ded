/**
 * Lets real dbt say again what it makes of the corpus: `bun run dbt-corpus`, with a `python3` that has dbt-core 1.10 and
 * dbt-postgres. Queries are asked of a server of its own.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { startEmbeddedPostgres } from "../../../../db/embedded.ts";

const dataDir = mkdtempSync(join(tmpdir(), "barline-corpus-"));
// Where root starts it, the server runs as another user.
chmodSync(dataDir, 0o755);
const server = await startEmbeddedPostgres({ dataDir });
try {
  await $`python3 record_queries.py ${server.url}`.cwd(import.meta.dir);
  await $`python3 record_expressions.py`.cwd(import.meta.dir);
} finally {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
