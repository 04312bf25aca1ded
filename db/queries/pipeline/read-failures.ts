import type { Sql } from "../../client.ts";

/**
 * A condition on `barline.runs`: the run failed and nothing has made it good. Of a partition, only the run that answers for it
 * counts; a run that claimed events answers for them until it is retried; any other is made good by the job's next success.
 */
export const stillFailed = (sql: Sql) => sql`
  runs.state = 'failed'
  and case
    when runs.partition is not null then exists (select from barline.run_partitions where run_id = runs.id)
    else
      exists (select from barline.event_claims where run_id = runs.id)
      or not exists (
        select from barline.runs as later
        where later.job_id = runs.job_id and later.state = 'success' and later.id > runs.id
      )
  end`;
