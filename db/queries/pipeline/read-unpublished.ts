import type { Sql } from "../../client.ts";

/** The last build, where it was not published: what stood in its way, and what readers see instead. */
export type Unpublished = {
  runId: number;
  finishedAt: Date | null;
  /** The first of the tests that failed, with how many rows, and how many tests there are in all. */
  tests: { name: string; failures: number }[];
  failedTests: number;
  /** A model that could not be built. */
  model: string | null;
  /** The build that is shown; null before the first. */
  shown: { runId: number; finishedAt: Date | null } | null;
};

type Row = Omit<Unpublished, "shown"> & { goodId: number | null; goodAt: Date | null };

/**
 * Null where the last run of the job that ended was published, or failed for a reason that is not in the data. By the time of
 * their end, as a run that is retried keeps its number; the last twenty by number hold it. Some look-ups by key.
 */
export async function selectUnpublished(sql: Sql, jobId: string): Promise<Unpublished | null> {
  const [row] = await sql<Row[]>`
    select
      last.id as "runId",
      last.finished_at as "finishedAt",
      failing.tests,
      failing.all as "failedTests",
      broken.name as model,
      good.id as "goodId",
      good.finished_at as "goodAt"
    from (
      select id, state, finished_at
      from (
        select id, state, finished_at
        from barline.runs
        where job_id = ${jobId}::text and state in ('success', 'failed')
        order by id desc
        limit 20
      ) as recent
      order by finished_at desc nulls last, id desc
      limit 1
    ) as last
    cross join lateral (
      select
        count(*)::int as all,
        coalesce(
          (jsonb_agg(jsonb_build_object('name', name, 'failures', failures) order by name)),
          '[]'::jsonb
        ) as tests
      from barline.test_results
      where run_id = last.id and status in ('fail', 'error') and kind <> 'freshness'
    ) as failing
    left join lateral (
      select name from barline.model_results where run_id = last.id and action = 'failed' order by finished_at limit 1
    ) as broken on true
    left join lateral (
      select id, finished_at
      from barline.runs
      where job_id = ${jobId}::text and state = 'success'
      order by id desc
      limit 1
    ) as good on true
    where last.state = 'failed' and (failing.all > 0 or broken.name is not null)`;
  if (!row) return null;
  const { goodId, goodAt, tests, ...rest } = row;
  return {
    ...rest,
    tests: tests.slice(0, testsNamed),
    shown: goodId === null ? null : { runId: goodId, finishedAt: goodAt },
  };
}

const testsNamed = 3;
