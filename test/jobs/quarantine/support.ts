import type { Sql } from "../../../db/client.ts";
import { type BuiltAround, buildAround } from "../../../jobs/quarantine/build.ts";
import type { BuilderOptions } from "../../../jobs/quarantine/types.ts";
import { type Bar, bar, openTransform, weekday, writeBars } from "../transform/support.ts";

export const tickers = (count: number) =>
  Array.from({ length: count }, (_, index) => `T${String(index).padStart(3, "0")}`);

/** The first session that tests write; those before it lie before the calendar's first of 2018. */
export const firstDay = 1;

/** The bars of some tickers on a day, counted from 1 January 2018. */
export const session = (names: readonly string[], day: number): Bar[] => names.map((ticker) => bar(ticker, day));

export type Bench = {
  sql: Sql;
  warnings: { message: string; fields: unknown }[];
  /** Writes bars as the next load. */
  load(...bars: Bar[]): Promise<void>;
  /** Builds as a run of the transform does; `run` as an earlier one that is tried again. */
  build(more?: { run?: number; fullRefresh?: boolean; options?: Partial<BuilderOptions> }): Promise<BuiltAround>;
  /** The run of the last build. */
  run(): number;
  facts(): Promise<string[]>;
  raw(): Promise<string[]>;
  held(): Promise<{ ticker: string; session: string; test: string; reason: string; state: string }[]>;
};

/** A warehouse that is built as the job builds it, over a clock of its own. */
export function openBench(sql: Sql): Bench {
  let clock = Date.parse("2018-03-01T00:00:00Z");
  let lastRun = 0;
  const warnings: Bench["warnings"] = [];
  const transform = openTransform(sql);
  return {
    sql,
    warnings,
    async load(...bars) {
      clock += 60_000;
      await writeBars(sql, bars, new Date(clock));
    },
    async build({ run, fullRefresh = false, options } = {}) {
      lastRun = run ?? (await addRun(sql));
      const log = { info() {}, warn: (message: string, fields?: unknown) => void warnings.push({ message, fields }) };
      const lake = { findBar: async () => null };
      return await buildAround(
        { sql, transform, lake, ...options },
        { runId: lastRun, log, optionsOf: () => ({ fullRefresh }) },
      );
    },
    run: () => lastRun,
    facts: () => listBars(sql, "fct_polygon__stock_bars_performance"),
    raw: () => listBars(sql, "source_polygon_stock_bars_daily"),
    async held() {
      const rows = await sql<Awaited<ReturnType<Bench["held"]>>>`
        select bars.ticker, trade_date::text as session, bars.test, bars.reason, state
        from barline.quarantined_bars as bars inner join barline.quarantines on quarantines.id = quarantine_id
        where replaced_at is null order by bars.ticker, trade_date`;
      return rows.map((row) => ({ ...row }));
    },
  };
}

async function addRun(sql: Sql): Promise<number> {
  await sql`insert into barline.jobs (id) values ('toy') on conflict do nothing`;
  const [row] = await sql<{ id: number }[]>`
    insert into barline.runs (job_id, trigger, state) values ('toy', 'manual', 'running') returning id`;
  return row?.id ?? 0;
}

/** Tickers and sessions of a table with what it says of the volume. */
async function listBars(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql<{ told: string }[]>`
    select ticker || ' ' || trade_date || ' ' || trim_scale(volume) as told
    from ${sql(`public.${table}`)} order by ticker, trade_date`;
  return rows.map(({ told }) => told);
}

export const told = ({ ticker, date, volume }: Bar) => `${ticker} ${date} ${volume}`;
export const day = weekday;

/** Leaves an empty warehouse. */
export async function emptyWarehouse(sql: Sql): Promise<void> {
  await sql`truncate public.source_polygon_stock_bars_daily, public.source_polygon_stock_bars_restatements,
    public.source_polygon_removed_bars, barline.quarantined_bars, barline.quarantines`;
  const models = await sql<{ name: string; kind: string }[]>`
    select relname as name, case relkind when 'v' then 'view' else 'table' end as kind from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') and relname !~ '^source_'`;
  for (const { name, kind } of models)
    await sql`drop ${kind === "view" ? sql`view` : sql`table`} if exists ${sql(`public.${name}`)} cascade`;
}
