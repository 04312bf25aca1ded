import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { openPool, type Sql } from "../../../db/client.ts";
import { insertLogs } from "../../../db/queries/pipeline/journal.ts";
import type { LogLine } from "../../../db/queries/pipeline/logs.ts";
import { createLogFeed } from "../../../server/pipeline/log-feed.ts";
import { streamLog, streamWholeLog } from "../../../server/pipeline/log-stream.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

setDefaultTimeout(60_000);

let database: TestDatabase;
let sql: Sql;
const closers: (() => void)[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
}, 60_000);
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
afterAll(() => database.drop());

/** A run that is under way, with `count` tasks. */
async function makeRun(count = 1): Promise<{ runId: number; tasks: number[] }> {
  const rows = await sql<{ id: number; runId: number }[]>`
    with run as (
      insert into barline.runs (job_id, trigger, state) values ('toy', 'manual', 'running') returning id
    )
    insert into barline.tasks (run_id, job_id, name, step, map_index, state)
    select run.id, 'toy', 'work', 0, number, 'running' from run, generate_series(0, ${count - 1}::int) number
    returning id, run_id as "runId"`;
  return { runId: rows[0]?.runId ?? 0, tasks: rows.map((row) => row.id) };
}

const endRun = (runId: number, secondsAgo: number) => sql`
  update barline.runs set state = 'success', finished_at = now() - ${secondsAgo} * interval '1 second' where id = ${runId}`;

const write = (taskId: number, messages: string[], through: Parameters<typeof insertLogs>[0] = sql, number = 1) =>
  insertLogs(
    through,
    messages.map((message) => ({
      taskId,
      try: number,
      at: new Date().toISOString(),
      level: "info",
      message,
      fields: null,
    })),
  );

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `line ${from + index}`);

type Message = { id: number | null; event: string | null; lines: string[] };

/** Reads a stream as a browser does; what it got is in `messages`, and its text in `seen`. */
function follow(
  runId: number,
  after = 0,
  more: Partial<Parameters<typeof streamLog>[0]["filter"]> = {},
  pollMs?: number,
) {
  const gone = new AbortController();
  const response = streamLog(
    {
      read: sql,
      filter: { runId, taskId: null, try: null, level: null, text: null, ...more },
      after,
      render: (lines: LogLine[]) => lines.map((line) => line.message).join("\n"),
      ...(pollMs !== undefined && { pollMs }),
    },
    gone.signal,
  );
  const messages: Message[] = [];
  const read = async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        messages.push(parse(text.slice(0, end)));
        text = text.slice(end + 2);
      }
    }
  };
  const done = read();
  closers.push(() => gone.abort());
  return {
    response,
    messages,
    done,
    close: () => gone.abort(),
    seen: () => messages.filter((message) => message.id !== null).flatMap((message) => message.lines),
    last: () => messages.findLast((message) => message.id !== null)?.id ?? after,
  };
}

function parse(text: string): Message {
  const fields = text.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]);
  const one = (name: string) => fields.find(([field]) => field === name)?.[1] ?? null;
  const id = one("id");
  return {
    id: id === null ? null : Number(id),
    event: one("event"),
    lines: fields.filter(([field]) => field === "data").map(([, value]) => value ?? ""),
  };
}

describe("a log stream", () => {
  test("tells what is there, then what another connection writes, at once", async () => {
    const { runId, tasks } = await makeRun();
    await write(tasks[0] ?? 0, ["before"]);
    // By the notification: the next look of its own would be ten minutes later.
    const stream = follow(runId, 0, {}, 600_000);
    await until("it has begun", () => stream.seen().length === 1);
    await until("it listens", async () => {
      const rows = await sql`
        select from pg_stat_activity where datname = current_database() and query ilike 'listen%' and state = 'idle'`;
      return rows.length > 0;
    });
    const other = openPool(database.url, "work", { max: 1 });
    await write(tasks[0] ?? 0, ["after"], other);
    await until("the new line is there", () => stream.seen().length === 2);
    await other.end();
    expect(stream.seen()).toEqual(["before", "after"]);
  });

  test("goes on after any message without losing or repeating a line, wherever it was cut", async () => {
    const { runId, tasks } = await makeRun(3);
    const writers = tasks.map(() => openPool(database.url, "work", { max: 1 }));
    const wanted = 12;
    let cuts = 0;
    let expected = 0;
    let writing = true;
    // They write for as long as it takes to cut the reader off often enough, however fast either of them is.
    const written = Promise.all(
      tasks.map(async (task, index) => {
        let round = 0;
        for (; cuts < wanted; round++) {
          const messages = Array.from({ length: 7 }, (_, line) => `${index}/${round}/${line}`);
          await write(task, messages, writers[index]);
          expected += messages.length;
        }
        return round;
      }),
    ).finally(() => {
      writing = false;
    });
    const seen: string[] = [];
    let after = 0;
    while (writing || seen.length < expected) {
      const stream = follow(runId, after);
      await until(
        "a few messages have come",
        () => stream.last() > after || (cuts >= wanted && !writing && seen.length >= expected),
      );
      stream.close();
      await stream.done;
      seen.push(...stream.seen());
      after = stream.last();
      cuts++;
    }
    const rounds = await written;
    await Promise.all(writers.map((pool) => pool.end()));
    expect(seen.length).toBe(expected);
    expect(new Set(seen).size).toBe(expected);
    // Of each task in the order in which it spoke.
    for (const [index, count] of rounds.entries()) {
      const own = seen.filter((line) => line.startsWith(`${index}/`));
      expect(own).toEqual(numbered(0, count * 7).map((_, n) => `${index}/${Math.floor(n / 7)}/${n % 7}`));
    }
  });

  test("sends a long log in messages of bounded size", async () => {
    const { runId, tasks } = await makeRun();
    await write(tasks[0] ?? 0, numbered(0, 950));
    await endRun(runId, 60);
    const stream = follow(runId);
    await stream.done;
    expect(stream.messages.filter((m) => m.id !== null).map((m) => m.lines.length)).toEqual([200, 200, 200, 200, 150]);
    expect(stream.seen()).toEqual(numbered(0, 950));
  });

  test("reads no further than its reader takes", async () => {
    const { runId, tasks } = await makeRun();
    await write(tasks[0] ?? 0, numbered(0, 1000));
    let rendered = 0;
    const gone = new AbortController();
    closers.push(() => gone.abort());
    const response = streamLog(
      {
        read: sql,
        filter: { runId, taskId: null, try: null, level: null, text: null },
        after: 0,
        render: (lines) => {
          rendered += lines.length;
          return "x";
        },
      },
      gone.signal,
    );
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.read();
    // Time enough for another read of the table, had it begun one.
    for (let turn = 0; turn < 10; turn++) await sql`select 1`;
    expect(rendered).toBeLessThanOrEqual(400);
    await reader?.cancel();
  });

  test("ends with an event once the run is over and its last words were sent", async () => {
    const { runId, tasks } = await makeRun();
    const stream = follow(runId);
    await write(tasks[0] ?? 0, ["working"]);
    // What was cancelled says something more while it is stopped; the end is so far off that no machine is too slow.
    await endRun(runId, -3600);
    await write(tasks[0] ?? 0, ["last words"]);
    await until("they came", () => stream.seen().length === 2);
    await endRun(runId, 60);
    await stream.done;
    expect(stream.seen()).toEqual(["working", "last words"]);
    expect(stream.messages.at(-1)?.event).toBe("end");
  });

  test("stops working when its reader is gone", async () => {
    const { runId } = await makeRun();
    const feed = createLogFeed(sql);
    const follower = feed.follow(runId);
    const waiting = follower?.changed(60_000);
    follower?.close();
    await waiting;
    const stream = follow(runId);
    await until("it has begun", () => stream.messages.length > 0);
    stream.close();
    await stream.done;
  });

  test("keeps lines with line breaks whole, and shows only what is asked for", async () => {
    const { runId, tasks } = await makeRun(2);
    const [a = 0, b = 0] = tasks;
    await write(a, ["one\ntwo\r\nthree\rfour"]);
    await write(b, ["of b"], sql, 2);
    const whole = follow(runId, 0, { taskId: a });
    await until("it came", () => whole.seen().length === 4);
    expect(whole.seen()).toEqual(["one", "two", "three", "four"]);
    const second = follow(runId, 0, { taskId: b, try: 2, text: "OF" });
    await until("it came", () => second.seen().length === 1);
    const none = follow(runId, 0, { level: "warn" });
    await until("it has begun", () => none.messages.length > 0);
    expect(none.seen()).toEqual([]);
  });

  test("is refused where too many are followed already", async () => {
    const { runId } = await makeRun();
    const feed = createLogFeed(sql);
    const followers = Array.from({ length: 200 }, () => feed.follow(runId));
    expect(followers.every((follower) => follower !== undefined)).toBe(true);
    expect(feed.follow(runId)).toBeUndefined();
    followers[0]?.close();
    expect(feed.follow(runId)).toBeDefined();
  });
});

test("a whole log is read page by page, complete and in order", async () => {
  const { runId, tasks } = await makeRun(2);
  for (let part = 0; part < 5; part++) await write(tasks[part % 2] ?? 0, numbered(part * 900, part * 900 + 900));
  const filter = { runId, taskId: null, try: null, level: null, text: null };
  const text = await new Response(streamWholeLog(sql, filter, (line) => `${line.message}\n`)).text();
  expect(text.split("\n").slice(0, -1)).toEqual(numbered(0, 4500));
});

test("lines become visible in the order of their ids, whoever commits first", async () => {
  const { tasks } = await makeRun();
  const taskId = tasks[0] ?? 0;
  const other = openPool(database.url, "work", { max: 1 });
  const seen: number[][] = [];
  const ids = async () =>
    (await sql<{ id: number }[]>`select id from barline.task_logs where task_id = ${taskId} order by id`).map(
      (r) => r.id,
    );
  let second: Promise<void> | undefined;
  await sql.begin(async (transaction) => {
    await write(taskId, ["first"], transaction);
    second = write(taskId, ["second"], other);
    await until("the second waits for the first", async () => {
      const rows = await sql`select from pg_stat_activity where wait_event_type = 'Lock' and wait_event = 'advisory'`;
      return rows.length > 0;
    });
    seen.push(await ids());
  });
  await second;
  seen.push(await ids());
  await other.end();
  expect(seen.map((list) => list.length)).toEqual([0, 2]);
  const rows = await sql`select message from barline.task_logs where task_id = ${taskId} order by id`;
  expect(rows.map((row) => row.message)).toEqual(["first", "second"]);
});
