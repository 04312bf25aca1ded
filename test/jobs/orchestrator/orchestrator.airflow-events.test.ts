import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { openPool } from "../../../db/client.ts";
import { insertEvents } from "../../../db/queries/pipeline/events.ts";
import { registerJobs } from "../../../jobs/orchestrator/register.ts";
import { queueTriggeredRun } from "../../../jobs/orchestrator/triggers.ts";
import type { JobDefinition, Orchestrator } from "../../../jobs/orchestrator/types.ts";
import { createRandom } from "../../support/random.ts";
import { until } from "../../support/until.ts";
import { allEnded, createHarness, eventsOf, type Harness, runsOf, toyJob } from "./harness.ts";

/** What Airflow's data-aware scheduling got wrong, and its users met: events lost, claimed twice, runs with nothing to do. */
setDefaultTimeout(120_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
}, 60_000);
afterEach(() => harness.reset());
afterAll(() => harness.close());

const dataset = "s3://toys/boxes";
const consumer = (given: Partial<JobDefinition> = {}): JobDefinition =>
  toyJob({ id: "consumer", triggeredBy: [dataset], maxActiveRuns: 1000, ...given });
/** The same job in a version that the dataset does not wake. */
const deaf = toyJob({ id: "consumer", triggeredBy: [] });

/** A run and a task that events can be of. */
async function addProducer(): Promise<{ runId: number; taskId: number }> {
  const [row] = await harness.sql<[{ runId: number; taskId: number }]>`
    with run as (
      insert into barline.runs (job_id, state, trigger) values ('producer', 'success', 'manual') returning id
    )
    insert into barline.tasks (run_id, job_id, name, step, state) select id, 'producer', 'only', 0, 'success' from run
    returning run_id as "runId", id as "taskId"`;
  return row;
}

const record = (producer: { runId: number; taskId: number }, count: number) =>
  harness.sql.begin((transaction) =>
    insertEvents(
      transaction,
      Array.from({ length: count }, (_, box) => ({ ...producer, dataset, payload: { box } })),
    ),
  );

/** How many events each run of a job claimed, those with none among them. */
const claimsOf = (jobId: string) => harness.sql<{ runId: number; events: number }[]>`
  select runs.id as "runId", count(claims.event_id)::int as events
  from barline.runs left join barline.event_claims claims on claims.run_id = runs.id
  where runs.job_id = ${jobId}::text group by runs.id order by runs.id`;

/** Claims what waits, as turns of the loop would. */
async function drain(job: JobDefinition): Promise<void> {
  while (await queueTriggeredRun(harness.sql, job, new Date()));
}

async function expectEachClaimedOnce(jobId: string, count: number): Promise<void> {
  const events = await eventsOf(harness.sql, dataset, jobId);
  expect(events.length).toBe(count);
  expect(events.filter((event) => event.claimedBy === null)).toEqual([]);
  const claims = await claimsOf(jobId);
  expect(claims.filter(({ events: claimed }) => claimed === 0)).toEqual([]);
  expect(claims.reduce((sum, { events: claimed }) => sum + claimed, 0)).toBe(count);
  expect(await harness.sql`select from barline.pending_events where job_id = ${jobId}::text`).toHaveLength(0);
}

/** Two at a time: the first to come waits for the second, so that they finish together. */
function createPairs(): () => Promise<void> {
  let first: (() => void) | undefined;
  return async () => {
    if (first) {
      first();
      first = undefined;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    first = resolve;
    await promise;
  };
}

describe("producers that finish together (apache/airflow#35870, #47398, #54659)", () => {
  test.each([1, 2, 3])("give each event to exactly one run of each job and lose none, seed %d", async (seed) => {
    const random = createRandom(seed);
    const below = (most: number) => 1 + Math.floor(random() * most);
    const together = createPairs();
    const sizes = new Map<number, number>();
    const producers = ["left", "right"].map((id) =>
      toyJob({
        id,
        runsWithoutEvents: true,
        maxActiveRuns: 6,
        run: async ({ run }) => {
          await together();
          return {
            events: Array.from({ length: sizes.get(run.id) ?? 1 }, (_, box) => ({ dataset, payload: { box } })),
          };
        },
      }),
    );
    const seen: number[] = [];
    const one = consumer({ maxActiveRuns: below(3), maxClaims: below(12) });
    const other = { ...consumer({ maxActiveRuns: 1 }), id: "other" };
    const noting = (job: JobDefinition): JobDefinition => ({
      ...job,
      tasks: toyJob({
        run: async (context) => {
          const events = await context.claimedEvents();
          if (job.id === "consumer") seen.push(...events.map(({ id }) => id));
          return {};
        },
      }).tasks,
    });
    const jobs = [...producers, noting(one), noting(other)];
    const processes: Orchestrator[] = await Promise.all(
      Array.from({ length: 2 + below(2) }, () => harness.start(jobs)),
    );
    for (let count = 0; count < 40; count++) {
      const process = processes[count % processes.length];
      for (const id of ["left", "right"]) {
        const runId = (await process?.createRun(id, {})) ?? 0;
        sizes.set(runId, below(6));
      }
    }
    await Promise.all(["left", "right"].map((id) => allEnded(harness.sql, 40, id)));
    const [counted] = await harness.sql<[{ count: number }]>`select count(*)::int from barline.dataset_events`;
    const expected = counted.count;
    expect(expected).toBeGreaterThanOrEqual(80);
    for (const id of ["consumer", "other"]) {
      await until(`all events are dealt with by ${id}`, async () => {
        const events = await eventsOf(harness.sql, dataset, id);
        return events.every(({ claimedBy }) => claimedBy !== null);
      });
      await allEnded(harness.sql, 1, id);
      await expectEachClaimedOnce(id, expected);
    }
    // What the runs were told is what the tables say.
    expect(seen.length).toBe(expected);
    expect(new Set(seen).size).toBe(expected);
  });

  test("whose ids come in another order than their commits leave none behind", async () => {
    await registerJobs(harness.sql, [consumer()]);
    const producer = await addProducer();
    const early = Promise.withResolvers<void>();
    const inserted = Promise.withResolvers<void>();
    const slow = harness.sql.begin(async (transaction) => {
      await insertEvents(transaction, [{ ...producer, dataset, payload: "lower id, later commit" }]);
      inserted.resolve();
      await early.promise;
    });
    await inserted.promise;
    await record(producer, 1);
    await drain(consumer());
    early.resolve();
    await slow;
    await drain(consumer());
    await expectEachClaimedOnce("consumer", 2);
  });
});

describe("a run (apache/airflow#56541)", () => {
  test("is never made with nothing to claim, though four processes look at once", async () => {
    await registerJobs(harness.sql, [consumer()]);
    const producer = await addProducer();
    const maxClaims = 2;
    const entry = fileURLToPath(new URL("../../support/claiming-process.ts", import.meta.url));
    const processes = Array.from({ length: 4 }, () => {
      const child = Bun.spawn([process.execPath, entry, harness.database.url, String(maxClaims)], {
        stdin: "pipe",
        stdout: "pipe",
      });
      return {
        child,
        lines: createInterface({ input: Readable.fromWeb(child.stdout as never) })[Symbol.asyncIterator](),
      };
    });
    await Promise.all(processes.map(({ lines }) => lines.next()));
    let recorded = 0;
    for (let round = 0; round < 40; round++) {
      const count = (round % 5) + 1;
      await record(producer, count);
      recorded += count;
      for (const { child } of processes) {
        child.stdin.write("look\n");
        await child.stdin.flush();
      }
      const answers = await Promise.all(processes.map(({ lines }) => lines.next()));
      const made = answers.flatMap(({ value }) => JSON.parse(value ?? "[]") as number[]);
      expect(made.length).toBe(Math.ceil(count / maxClaims));
    }
    await Promise.all(
      processes.map(async ({ child }) => {
        child.stdin.end();
        expect(await child.exited).toBe(0);
      }),
    );
    await expectEachClaimedOnce("consumer", recorded);
  });

  // Where the claiming transaction is held up: between looking and making the run, and between taking events and keeping the claim.
  test.each(["runs", "event_claims"])(
    "is made with its events, or not at all, where a new version unsubscribes while it writes to %s",
    async (table) => {
      const { sql } = harness;
      await registerJobs(sql, [consumer()]);
      await record(await addProducer(), 3);
      await sql.unsafe(`
      create function hold() returns trigger language plpgsql as
        'begin if new.job_id = ''consumer'' then perform pg_advisory_xact_lock_shared(42); end if; return new; end';
      create trigger hold before insert on barline.${table} for each row execute function hold()`);
      const holder = openPool(harness.database.url, "lock");
      await holder`select pg_advisory_lock(42)`;
      const waiting = async () => {
        const [row] = await holder<[{ count: number }]>`select count(*)::int from pg_locks where not granted`;
        return row.count;
      };
      const claiming = queueTriggeredRun(sql, consumer(), new Date());
      await until("the claim is held up", async () => (await waiting()) === 1);
      let registered = false;
      const registering = registerJobs(sql, [deaf]).then(() => {
        registered = true;
      });
      await until("the other version has registered, or waits", async () => registered || (await waiting()) === 2);
      await holder`select pg_advisory_unlock(42)`;
      const outcomes = await Promise.allSettled([claiming, registering]);
      await sql.unsafe(`drop trigger hold on barline.${table}; drop function hold()`);
      await holder.end();
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
      expect(await claimsOf("consumer")).toMatchObject([{ events: 3 }]);
    },
  );
});

describe("a subscription that ends and returns", () => {
  test("wakes its job with what was recorded in between, and with what had waited", async () => {
    const producer = await addProducer();
    await registerJobs(harness.sql, [consumer()]);
    await record(producer, 2);
    await registerJobs(harness.sql, [deaf]);
    await record(producer, 3);
    expect(await queueTriggeredRun(harness.sql, consumer(), new Date())).toBeUndefined();
    expect(await runsOf(harness.sql, "consumer")).toEqual([]);
    await registerJobs(harness.sql, [consumer()]);
    await drain(consumer());
    await expectEachClaimedOnce("consumer", 5);
  });

  test.each([1, 2, 3])("loses no event and claims none twice, whatever happens at once, seed %d", async (seed) => {
    const random = createRandom(seed);
    const producer = await addProducer();
    const job = consumer({ maxClaims: 7 });
    await registerJobs(harness.sql, [job]);
    let recorded = 0;
    for (let round = 0; round < 30; round++) {
      const deeds: Promise<unknown>[] = [];
      for (let count = 0; count < 8; count++) {
        const choice = random();
        if (choice < 0.4) {
          const events = 1 + Math.floor(random() * 4);
          recorded += events;
          deeds.push(record(producer, events));
        } else if (choice < 0.7) deeds.push(queueTriggeredRun(harness.sql, job, new Date()));
        else deeds.push(registerJobs(harness.sql, [choice < 0.85 ? job : deaf]));
      }
      await Promise.all(deeds);
    }
    await registerJobs(harness.sql, [job]);
    await drain(job);
    expect(recorded).toBeGreaterThan(100);
    await expectEachClaimedOnce("consumer", recorded);
  });
});
