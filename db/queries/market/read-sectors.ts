import type { Sql } from "../../client.ts";

/** A published model of the people's own that says of each ticker which sector, or industry, it is of. */
export type SectorSource = { model: string; schema: string; relation: string; column: "sector" | "industry" };

/**
 * The first model by name that has sectors, or else industries; null where none is published. One that is gone, changed or not to be read
 * by this login counts as none.
 */
export async function selectSectorSource(sql: Sql): Promise<SectorSource | null> {
  const [source] = await sql<SectorSource[]>`
    select listed.name as model, listed.schema, listed.relation, attributes.attname as column
    from barline.workspace_relations as listed
    inner join pg_namespace as schemas on schemas.nspname = listed.schema
    inner join pg_class as classes on classes.relnamespace = schemas.oid and classes.relname = listed.relation
    inner join pg_attribute as attributes on attributes.attrelid = classes.oid and not attributes.attisdropped
    inner join pg_attribute as keys on keys.attrelid = classes.oid and keys.attname = 'ticker' and not keys.attisdropped
    where
      listed.grain = 'ticker'
      and attributes.attname in ('sector', 'industry')
      and attributes.atttypid in ('text'::regtype, 'varchar'::regtype)
      and keys.atttypid in ('text'::regtype, 'varchar'::regtype)
      and has_schema_privilege(schemas.oid, 'usage')
      and has_table_privilege(classes.oid, 'select')
    order by attributes.attname desc, listed.name
    limit 1`;
  return source ?? null;
}

/** The newest session of one sector; returns are fractions, null where nobody of it has one. */
export type SectorRow = {
  sector: string;
  tickers: number;
  advancing: number;
  declining: number;
  medianReturn: number | null;
  /** Of a dollar traded in the session. */
  weightedReturn: number | null;
  dollarVolume: number;
};

/** How long a page waits for a model of the people's own, which may be a view of whatever cost. */
const patience = "1s";

/** The newest session by sector, the most traded first; tickers that no row names are left out. Fails with SQLSTATE 57014 after `patience`. */
export async function selectSectors(sql: Sql, { schema, relation, column }: SectorSource): Promise<SectorRow[]> {
  const rows = await sql.begin("read only", async (transaction) => {
    await transaction`select set_config('statement_timeout', ${patience}::text, true)`;
    return await transaction<SectorRow[]>`
      with sectors as (
        select distinct on (own.ticker) own.ticker::text collate "C" as ticker, own.${transaction(column)}::text as sector
        from ${transaction(schema)}.${transaction(relation)} as own
        where own.${transaction(column)} <> ''
        order by own.ticker, own.${transaction(column)}
      )
      select
        sectors.sector,
        count(*)::int as tickers,
        (count(*) filter (where latest.return_1d > 0))::int as advancing,
        (count(*) filter (where latest.return_1d < 0))::int as declining,
        percentile_cont(0.5) within group (order by latest.return_1d)::float8 as "medianReturn",
        (
          sum(latest.return_1d * latest.dollar_volume)
          / nullif(sum(latest.dollar_volume) filter (where latest.return_1d is not null), 0)
        )::float8 as "weightedReturn",
        coalesce(sum(latest.dollar_volume), 0)::float8 as "dollarVolume"
      from public.fct_polygon__latest_session as latest
      inner join sectors on sectors.ticker = latest.ticker
      where latest.trade_date = (select max(trade_date) from public.fct_polygon__latest_session)
      group by sectors.sector
      order by "dollarVolume" desc, sectors.sector
      limit 60`;
  });
  return [...rows];
}
