import type { Sql } from "../../db/client.ts";
import { isLogComplete, type LogFilter, type LogLine, selectLinesAfter } from "../../db/queries/pipeline/logs.ts";
import { HttpError } from "../http/errors.ts";
import { type LogFollower, logFeedOf } from "./log-feed.ts";

/** Lines in one message: a long log comes in steps, each sent before the next is read. */
const linesPerMessage = 200;
const defaultPollMs = 2000;
/** A silent connection looks like a dead one, to Bun's own idle timeout and to proxies. */
const heartbeatMs = 15_000;
/** How long after a run's end its log may still grow: what is cancelled is stopped with its worker after 1.5 s. */
export const quietSeconds = 4;

export type LogStreamOptions = {
  read: Sql;
  filter: LogFilter;
  /** The id of the last line that the reader has; 0 for none. */
  after: number;
  /** What is sent for some lines. */
  render(lines: LogLine[]): string;
  /** The longest wait for a line where no process told of one. */
  pollMs?: number;
};

/**
 * A log as server-sent events, from the line after `after` until the run is over and all of it was sent; the event `end`
 * then says that nothing more is to come. The id of each message is that of its last line: who resumes after it misses
 * nothing and gets nothing twice. Throws where too many are reading already.
 */
export function streamLog(options: LogStreamOptions, signal: AbortSignal): Response {
  const follower = logFeedOf(options.read).follow(options.filter.runId);
  if (!follower) {
    throw new HttpError(503, "too_many_readers", "Too many logs are being followed at once.", { retryAfterSeconds: 5 });
  }
  const gone = new AbortController();
  let isCancelled = false;
  const close = () => {
    gone.abort();
    follower.close();
  };
  signal.addEventListener("abort", close, { once: true });
  const messages = tellLines(options, follower, gone.signal);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      // Asked for one message at a time, as the reader takes them.
      async pull(controller) {
        const next = await messages.next().catch(() => undefined);
        if (isCancelled) return;
        if (next && !next.done) return controller.enqueue(encoder.encode(next.value));
        // A database that went away ends the stream too: the reader comes back for the rest.
        close();
        controller.close();
      },
      cancel() {
        isCancelled = true;
        close();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: streamHeaders });
}

const streamHeaders = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-store, no-transform",
  // nginx would hold lines back to fill its buffer.
  "X-Accel-Buffering": "no",
};

async function* tellLines(
  { read, filter, after, render, pollMs = defaultPollMs }: LogStreamOptions,
  follower: LogFollower,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let last = after;
  let silentSince = performance.now();
  yield "retry: 1000\n\n";
  while (!signal.aborted) {
    // Asked before the lines are read: a log that is complete by then has no line that the reading could miss.
    const isComplete = await isLogComplete(read, filter.runId, quietSeconds);
    const lines = await selectLinesAfter(read, filter, last, linesPerMessage);
    const newest = lines.at(-1);
    if (newest) {
      last = newest.id;
      silentSince = performance.now();
      yield messageOf(last, render(lines));
      if (lines.length === linesPerMessage) continue;
    }
    if (isComplete) {
      yield `event: end\ndata: ${last}\n\n`;
      return;
    }
    await follower.changed(pollMs);
    if (performance.now() - silentSince > heartbeatMs) {
      silentSince = performance.now();
      yield ": still here\n\n";
    }
  }
}

/** A line of a message ends at a carriage return too, so there must be none in the text. */
const messageOf = (id: number, text: string) =>
  `id: ${id}\n${text
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}`)
    .join("\n")}\n\n`;

/** Where a reader stopped: what a reconnecting browser says, else what the address says; null where neither does. */
export function resumeAfter(lastEventId: string | undefined, after: number | null): number | null {
  return lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : after;
}

const linesPerChunk = 2000;

/** A whole log as it is read, page by page: however long it is, little of it is in memory. */
export function streamWholeLog(
  read: Sql,
  filter: LogFilter,
  render: (line: LogLine) => string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let last = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        const lines = await selectLinesAfter(read, filter, last, linesPerChunk);
        if (lines.length > 0) controller.enqueue(encoder.encode(lines.map(render).join("")));
        last = lines.at(-1)?.id ?? last;
        if (lines.length < linesPerChunk) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}
