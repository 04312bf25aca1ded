import type { Sql, TransactionSql } from "../../client.ts";

/** Says that the marts are published anew, in the transaction that does so: whoever sees the rows sees this too. */
export async function countPublication(transaction: TransactionSql): Promise<void> {
  await transaction`
    insert into barline.publications (id, number, published_at) values (1, 1, clock_timestamp())
    on conflict (id) do update set number = publications.number + 1, published_at = excluded.published_at`;
}

/**
 * What an answer is made of beside the marts: the people's own models; the dataset of raw bars, which change before they are published; who
 * is in quarantine.
 */
export type BuildParts = { workspace: boolean; rawBars: string | null; quarantine: boolean };

/**
 * What is published now, as a short text: equal texts mean the same rows, of the marts and of the parts asked for. Of a few rows of small
 * tables, in a millisecond.
 */
export async function selectBuild(sql: Sql, { workspace, rawBars, quarantine }: BuildParts): Promise<string> {
  const [row] = await sql<[{ build: string }]>`
    select
      concat_ws(
        '-',
        coalesce(
          (
            select number || '.' || to_hex((extract(epoch from published_at) * 1000)::bigint) from barline.publications
          ),
          '0'
        ),
        (
          select 'w' || count(*) || '.' || to_hex((extract(epoch from max(published_at)) * 1000000)::bigint)
          from barline.workspace_relations
          where ${workspace}::boolean
          having count(*) > 0
        ),
        (
          select 'r' || max(id) from barline.dataset_events
          where dataset = ${rawBars}::text
        ),
        (
          select 'q' || max(id) || '.' || count(*) filter (where state <> 'held') from barline.quarantines
          where ${quarantine}::boolean
        )
      ) as build`;
  return row.build;
}
