import pino from "pino";
import { openPool } from "../../db/client.ts";
import { createOrchestrator } from "../../jobs/orchestrator/orchestrator.ts";
import type { JobDefinition } from "../../jobs/orchestrator/types.ts";

/**
 * A process of its own that runs the job `toy`, for tests that kill or stop it: its one task says "holding" on
 * standard output and holds until a line arrives on standard input, which it then answers.
 * Arguments: the database's URL, and the lease in milliseconds.
 */
const [url = "", leaseMs = "15000"] = process.argv.slice(2);

const line = Promise.withResolvers<string>();
process.stdin.once("data", (data) => line.resolve(String(data).trim()));

const job: JobDefinition = {
  id: "toy",
  title: "Toy",
  description: "A job for tests.",
  maxActiveRuns: 1,
  maxTries: 1,
  runsWithoutEvents: true,
  tasks: [
    {
      kind: "plain",
      name: "only",
      description: "Holds.",
      run: async () => {
        process.stdout.write("holding\n");
        return { output: await line.promise };
      },
    },
  ],
};

await createOrchestrator({
  sql: openPool(url, "state"),
  lockSql: openPool(url, "lock"),
  jobs: [job],
  pool: { capacity: 1, size: () => 0, run: () => Promise.reject(new Error("no workers here")), close() {} },
  identity: { host: "test", pid: process.pid, version: "0.0.0", workers: 1, roles: ["web", "work"] },
  log: pino({ level: "silent" }),
  now: () => new Date(),
  random: Math.random,
  leaseMs: Number(leaseMs),
  heartbeatMs: 300,
}).start();
process.stdout.write("started\n");
