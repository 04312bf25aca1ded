import { createInterface } from "node:readline";
import { openPool } from "../../db/client.ts";
import { queueTriggeredRun } from "../../jobs/orchestrator/triggers.ts";
import type { JobDefinition } from "../../jobs/orchestrator/types.ts";

/**
 * A process of its own that looks for work as the orchestrator's turn does, for tests that race several: at each line on
 * standard input it asks four times at once for a run of `consumer`, and answers the ids of those that it made.
 * Arguments: the database's URL, and how many events a run may claim.
 */
const [url = "", maxClaims = "1"] = process.argv.slice(2);
const sql = openPool(url, "state");

const job: JobDefinition = {
  id: "consumer",
  title: "Consumer",
  description: "A job for tests.",
  tasks: [],
  triggeredBy: ["s3://toys/boxes"],
  maxActiveRuns: 1000,
  maxClaims: Number(maxClaims),
  maxTries: 1,
};

// Connections are opened before the race, not in it.
await Promise.all(Array.from({ length: 4 }, () => sql`select pg_sleep(0.05)`));
process.stdout.write("ready\n");
for await (const _ of createInterface({ input: process.stdin })) {
  const made = await Promise.all(Array.from({ length: 4 }, () => queueTriggeredRun(sql, job, new Date())));
  process.stdout.write(`${JSON.stringify(made.flatMap((one) => (one && "runId" in one ? [one.runId] : [])))}\n`);
}
await sql.end();
