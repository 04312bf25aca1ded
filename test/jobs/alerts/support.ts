import { SMTPServer } from "smtp-server";
import type { Sql } from "../../../db/client.ts";
import { type AlertOptions, createAlerts } from "../../../jobs/alerts/alerts.ts";
import { createDispatcher } from "../../../jobs/alerts/dispatcher.ts";
import { type EvaluateOptions, evaluate } from "../../../jobs/alerts/evaluate.ts";
import type { AlertSettings, Channel, Message } from "../../../jobs/alerts/types.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createLogger } from "../../../server/log.ts";
import { createTestDatabase } from "../../support/database.ts";

type Received = { path: string; headers: Headers; body: Record<string, unknown> };

/** A webhook's receiver; set `answer` to make it misbehave. */
export type Receiver = {
  url: string;
  received: Received[];
  answer: (request: Received) => Response | Promise<Response>;
  stop(): Promise<void>;
};

/** The part of its path that nobody may see. */
export const webhookSecret = "B0123456SecretTokenOfAWebhook";

export function startReceiver(): Receiver {
  const receiver: Omit<Receiver, "url" | "stop"> = { received: [], answer: () => new Response("ok") };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = (await request.json()) as Record<string, unknown>;
      const one = { path: new URL(request.url).pathname, headers: request.headers, body };
      receiver.received.push(one);
      return await receiver.answer(one);
    },
  });
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${server.port}/services/${webhookSecret}`,
    stop: () => server.stop(true),
  });
}

type Mail = { from: string; to: string[]; text: string };

/** The password that the SMTP server takes from `alerts`. */
export const smtpPassword = "hunter2-hunter2";

/** An SMTP server that keeps what it takes. Recipients that begin with `nobody` are refused. */
export async function startMailServer(options: { withTls?: boolean } = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    ...(!options.withTls && { disabledCommands: ["STARTTLS"] }),
    logger: false,
    onAuth: (auth, _session, callback) =>
      auth.username === "alerts" && auth.password === smtpPassword
        ? callback(null, { user: auth.username })
        : callback(new Error(`Wrong login ${auth.username} ${auth.password}`)),
    onRcptTo: ({ address }, _session, callback) =>
      callback(address.startsWith("nobody") ? new Error("No such mailbox") : null),
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString("utf8"),
        });
        callback(null);
      });
    },
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    mails,
    url: `smtp://alerts:${smtpPassword}@127.0.0.1:${port}`,
    port,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

export const aMessage: Message = {
  id: "barline-7-abc",
  thread: "barline-alert-3-abc",
  event: "opened",
  kind: "run_failed",
  title: "Ingest: a run failed",
  message: "Run 12 of 2020-01-07 failed: <!channel> & more.",
  advice: "Retry it.",
  link: "https://barline.example/runs/12",
  openedAt: new Date("2020-01-08T03:00:00Z"),
  resolvedAt: null,
};

export const noSettings: AlertSettings = { webhookUrl: null, email: null, publicUrl: null, staleAfterHours: 4 };

/** Friday 10 January 2020, 15:00 in New York: the session of the 9th settled at 21:00 of that day. */
export const noon = new Date("2020-01-10T20:00:00Z");

const titles = [
  { id: jobIds.ingest, title: "Ingest" },
  { id: jobIds.load, title: "Load" },
  { id: jobIds.transform, title: "Transform" },
];

/** Alerts on a database of their own, with a clock that tests move. Each `make` is a process of its own. */
export async function openAlerts() {
  const { sql, drop } = await createTestDatabase();
  const clock = { now: noon };
  const lines: string[] = [];
  // No session is wanted, so that nothing is stale but where a test says so.
  const shared = { sql, startDate: "2020-01-10", catchup: "all" as const, now: () => clock.now };
  const make = (settings: Partial<AlertSettings> = {}, more: Partial<AlertOptions> = {}) =>
    createAlerts({
      ...shared,
      settings: { ...noSettings, ...settings },
      jobs: titles,
      version: "1.0.0",
      log: createLogger({ level: "debug", pretty: false, write: (line) => lines.push(line) }),
      random: () => 0,
      ...more,
    });
  /** Looks for problems once, as each process does every minute. */
  const look = (more: Partial<EvaluateOptions> = {}) =>
    evaluate({
      ...shared,
      titles: new Map(titles.map(({ id, title }) => [id, title])),
      channels: ["webhook"],
      staleAfterHours: 4,
      ...more,
    });
  const deliveries = () => sql<
    { event: string; channel: string; state: string; attempts: number; error: string | null }[]
  >`
    select event, channel, state, attempts, error from barline.alert_deliveries order by id`;
  return { sql, clock, lines, make, look, deliveries, close: drop };
}

export type AlertBench = Awaited<ReturnType<typeof openAlerts>>;

/** A dispatcher to `channels`, as one process has it. */
export const dispatcherOf = (bench: AlertBench, channels: Channel[]) =>
  createDispatcher({
    sql: bench.sql,
    channels,
    publicUrl: "https://barline.example",
    log: createLogger({ level: "debug", pretty: false, write: (line) => bench.lines.push(line) }),
    now: () => bench.clock.now,
    random: () => 0,
  });

/** A run of a job that failed, or ended as `state` says. */
export async function addRun(
  sql: Sql,
  run: { job: string; state?: string; date?: string; finishedAt?: Date; message?: string },
): Promise<number> {
  const { job, state = "failed", date = null, finishedAt = noon } = run;
  const error = state === "failed" ? sql.json({ name: "PermanentError", message: run.message ?? "Refused." }) : null;
  const isOver = state !== "queued" && state !== "running";
  const [row] = await sql<[{ id: number }]>`
    insert into barline.runs (job_id, state, trigger, partition, partition_to, error, created_at, finished_at)
    values (${job}, ${state}, 'manual', ${date}, ${date}, ${error}, ${finishedAt}, ${isOver ? finishedAt : null})
    returning id`;
  if (date) await sql`insert into barline.run_partitions values (${job}, ${date}, ${row.id})`;
  return row.id;
}

/** The result of one data test of severity `error`. */
export async function addTest(sql: Sql, runId: number, name: string, status: string, at = noon): Promise<void> {
  await sql`
    insert into barline.test_results (run_id, name, subject, status, severity, failures, duration_ms, finished_at)
    values (${runId}, ${name}, 'fct', ${status}, 'error', ${status === "fail" ? 2 : 0}, 1, ${at})`;
}

export const minutesAfter = (instant: Date, minutes: number) => new Date(instant.getTime() + minutes * 60_000);
