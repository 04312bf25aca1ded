import { fileURLToPath } from "node:url";
import { z } from "zod";
import { jobIds } from "../../jobs/pipeline.ts";
import { until } from "../support/until.ts";

/** Barline as its users have it: a process with an environment, asked by HTTP. */
export type BarlineProcess = {
  pid: number;
  /** Where its pages are. */
  url: string;
  /** Queues a backfill of whole sessions. Answers how many runs it made. */
  backfill(from: string, to: string): Promise<number>;
  /** Queues one session by hand. */
  runSession(session: string): Promise<void>;
  /** Queues a build of all models from all rows. */
  fullRefresh(): Promise<void>;
  /** A job that is paused starts no run; its events wait. */
  setPaused(job: string, paused: boolean): Promise<void>;
  /** Resolves when nothing is queued, running or unclaimed; throws as soon as a run has failed. */
  idle(): Promise<void>;
  stop(): Promise<void>;
};

export type BarlineOptions = { dataDir: string; marketUrl: string; apiKey: string; startDate: string; workers: number };

const startMs = 60_000;
/** Long enough for a slow machine, short enough for a run that hangs to end. */
const longestWorkMs = 20 * 60_000;
const pollMs = 250;

const statusAnswer = z.object({
  idle: z.boolean(),
  jobs: z.array(z.object({ id: z.string(), failed: z.number() })),
});

/** Starts `server/main.ts` on a free port and waits until it can serve. Its log goes to `DATA_DIR/barline.log`. */
export async function startBarline(options: BarlineOptions): Promise<BarlineProcess> {
  const port = freePort();
  const child = Bun.spawn([process.execPath, fileURLToPath(new URL("../../server/main.ts", import.meta.url))], {
    env: environment(options, port),
    stdin: "ignore",
    stdout: Bun.file(`${options.dataDir}/barline.log`),
    stderr: "inherit",
  });
  const base = `http://127.0.0.1:${port}`;
  const isReady = async () => {
    if (child.exitCode !== null)
      throw new Error(`Barline ended with code ${child.exitCode}: see ${options.dataDir}/barline.log.`);
    return await fetch(`${base}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
  };
  await until("Barline is ready", isReady, startMs);
  const ask = createAsk(base);
  return {
    pid: child.pid,
    url: base,
    async backfill(from, to) {
      const request = { from, to, reprocess: "missing", strategy: "grouped" };
      return z.object({ runs: z.number() }).parse(await ask(`/api/jobs/${jobIds.ingest}/backfills`, request)).runs;
    },
    async runSession(session) {
      await ask(`/api/jobs/${jobIds.ingest}/runs`, { session });
    },
    async fullRefresh() {
      await ask(`/api/jobs/${jobIds.transform}/runs`, { fullRefresh: true });
    },
    async setPaused(job, paused) {
      await ask(`/api/jobs/${job}`, { paused }, "PATCH");
    },
    async idle() {
      const isIdle = async () => {
        const { idle, jobs } = statusAnswer.parse(await ask("/api/status"));
        const failed = jobs.find((job) => job.failed > 0);
        if (failed) throw new Error(`A run of ${failed.id} failed: see ${options.dataDir}/barline.log.`);
        return idle;
      };
      const deadline = performance.now() + longestWorkMs;
      // Four times a second: often enough to see the end, seldom enough not to show in the figures.
      while (!(await isIdle())) {
        if (performance.now() > deadline) throw new Error("Barline did not come to rest.");
        await Bun.sleep(pollMs);
      }
    },
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** What the person who runs the benchmark has set for their own Barline must not reach this one: empty counts as unset. */
function environment(options: BarlineOptions, port: number): Record<string, string | undefined> {
  return {
    ...Bun.env,
    HOST: "127.0.0.1",
    PORT: String(port),
    ADMIN_PASSWORD: "",
    DATA_DIR: options.dataDir,
    DATABASE_URL: "",
    S3_BUCKET: "",
    S3_ENDPOINT: "",
    S3_REGION: "",
    S3_ACCESS_KEY_ID: "",
    S3_SECRET_ACCESS_KEY: "",
    POLYGON_API_KEY: options.apiKey,
    POLYGON_BASE_URL: options.marketUrl,
    POLYGON_CALLS_PER_MINUTE: "",
    UNIVERSE: "all",
    START_DATE: options.startDate,
    CATCHUP: "none",
    WORKERS: String(options.workers),
    LOG_LEVEL: "info",
  };
}

function createAsk(base: string) {
  return async (path: string, body?: object, method = "POST"): Promise<unknown> => {
    const send = { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(`${base}${path}`, body ? send : {});
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return await answer.json();
  };
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
