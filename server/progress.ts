import type { Logger } from "pino";
import { openPool } from "../db/client.ts";
import { selectProgress } from "../db/queries/pipeline/progress.ts";

const intervalMs = 5000;

/** Says on the log how far the jobs are, as long as they are at work. Answers the call that ends it. */
export function reportProgress(options: {
  url: string;
  log: Logger;
  now(): Date;
  jobs: string[];
}): () => Promise<void> {
  const { log, jobs } = options;
  const sql = openPool(options.url, "state", { max: 1, name: "barline progress" });
  const since = options.now();
  let last = "";

  const report = async () => {
    const rows = await selectProgress(sql, since);
    const words = jobs.flatMap((jobId) => {
      const row = rows.find((candidate) => candidate.jobId === jobId);
      if (!row) return [];
      const total = row.queued + row.running + row.ended + row.failed;
      return [[jobId, `${row.ended}/${total}${row.failed > 0 ? ` (${row.failed} failed)` : ""}`] as const];
    });
    const text = JSON.stringify(words);
    if (words.length > 0 && text !== last) log.info(Object.fromEntries(words), "runs done");
    last = text;
  };

  // A database that is away is the orchestrator's to report.
  const timer = setInterval(() => void report().catch(() => {}), intervalMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await sql.end({ timeout: 0.5 });
  };
}
