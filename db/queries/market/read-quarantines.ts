import type { Sql, TransactionSql } from "../../client.ts";
import type { StatedBar } from "./read-restatements.ts";
import { type Holder, hasSecurities, isStatedOf } from "./read-securities.ts";

/** Why a ticker's newest rows are not published. */
export type Quarantined = { since: Date; test: string; reason: string };

/** Those of these tickers that are in quarantine; of null, all of them. */
export async function selectQuarantined(
  sql: Sql,
  tickers: readonly string[] | null,
): Promise<Map<string, Quarantined>> {
  const rows = await sql<(Quarantined & { ticker: string })[]>`
    select ticker, since, test, reason
    from barline.quarantines
    where state = 'held'
      and (${tickers as string[] | null}::text[] is null or ticker = any (${tickers as string[] | null}::text[]))`;
  return new Map(rows.map(({ ticker, ...quarantined }) => [ticker, quarantined]));
}

/** What of a security, or of a label, is in quarantine, by the labels that its rows came under. */
export async function selectQuarantinedOf(sql: Sql, holder: Holder): Promise<(Quarantined & { ticker: string })[]> {
  return await sql<(Quarantined & { ticker: string })[]>`
    select ticker, since, test, reason
    from barline.quarantines
    where state = 'held'
      and exists (
        select
        from barline.quarantined_bars as held
        where held.quarantine_id = quarantines.id and held.replaced_at is null and ${isStatedOf(sql, "held", holder)})
    order by ticker`;
}

/** Those of a session's labels whose security is in quarantine, under whatever label its rows are held back. */
export async function selectQuarantinedOn(sql: Sql, session: string): Promise<Map<string, Quarantined>> {
  if (!(await hasSecurities(sql))) return await selectQuarantined(sql, null);
  const rows = await sql<(Quarantined & { ticker: string })[]>`
    select distinct on (labels.ticker) labels.ticker, since, quarantines.test, quarantines.reason
    from barline.quarantines
    inner join barline.quarantined_bars as held on held.quarantine_id = quarantines.id and held.replaced_at is null
    inner join public.int_polygon__ticker_periods as holders
      on holders.ticker = held.ticker and held.trade_date between holders.valid_from and holders.valid_to
    inner join public.int_polygon__ticker_periods as labels
      on labels.security_id = holders.security_id and ${session}::date between labels.valid_from and labels.valid_to
    where quarantines.state = 'held'
    order by labels.ticker, since`;
  return new Map(rows.map(({ ticker, ...quarantined }) => [ticker, quarantined]));
}

/** A row that is or was held back, as the vendor stated it: dollars, unadjusted. */
export type QuarantinedBar = StatedBar & {
  session: string;
  test: string;
  reason: string;
  lakeKey: string | null;
  runId: number;
  /** Whether another answer has taken its place. */
  isReplaced: boolean;
};

export type Quarantine = Quarantined & {
  id: number;
  ticker: string;
  state: "held" | "released" | "dropped";
  runId: number;
  decidedAt: Date | null;
  /** Null where no person decided: the vendor answered anew. */
  decidedBy: string | null;
  decision: string | null;
  bars: QuarantinedBar[];
};

export type QuarantineFilter = {
  state: string | null;
  ticker: string | null;
  /** Only those with rows that this run has held back, and of them those rows. */
  runId: number | null;
  /** The id that the last page ended at. */
  before: number | null;
};

/** A ticker's rows without end would be no page. */
const barsOfEach = 200;

/** Quarantines with their rows, the newest first. */
export async function selectQuarantines(sql: Sql, filter: QuarantineFilter, limit: number): Promise<Quarantine[]> {
  return await sql<Quarantine[]>`
    select id, ticker, since, test, reason, run_id as "runId", state, decided_at as "decidedAt",
      decided_by as "decidedBy", decision, held.bars
    from barline.quarantines
    cross join lateral (
      select
        coalesce(
          jsonb_agg(
            jsonb_build_object(
              'session', trade_date, 'open', open, 'high', high, 'low', low, 'close', close, 'volume', volume,
              'vwap', vwap, 'transactions', transactions, 'test', test, 'reason', reason, 'lakeKey', lake_key,
              'runId', run_id, 'isReplaced', replaced_at is not null
            )
            order by trade_date, held_at
          ),
          '[]'::jsonb
        ) as bars
      from (
        select *
        from barline.quarantined_bars
        where quarantine_id = quarantines.id and (${filter.runId}::bigint is null or run_id = ${filter.runId}::bigint)
        order by trade_date desc, held_at desc
        limit ${barsOfEach}::int
      ) as newest
    ) as held
    where
      (${filter.state}::text is null or state = ${filter.state}::text)
      and (${filter.ticker}::text is null or ticker = ${filter.ticker}::text)
      and (${filter.runId}::bigint is null or held.bars <> '[]'::jsonb)
      and (${filter.before}::bigint is null or id < ${filter.before}::bigint)
    order by id desc
    limit ${limit}::int`;
}

/** A ticker in quarantine with how much of it is held back, once the run that held it has ended. */
export type HeldTicker = Quarantined & { ticker: string; sessions: number; first: string; last: string };

/** Every ticker in quarantine, as its alert tells it. A run that is under way may yet put its rows back. */
export async function selectHeldQuarantines(sql: Sql | TransactionSql): Promise<HeldTicker[]> {
  return await sql<HeldTicker[]>`
    select quarantines.ticker, since, quarantines.test, quarantines.reason, count(distinct bars.trade_date)::int as sessions,
      min(bars.trade_date)::text as first, max(bars.trade_date)::text as last
    from barline.quarantines
    inner join barline.quarantined_bars as bars on bars.quarantine_id = quarantines.id and bars.replaced_at is null
    inner join barline.runs on runs.id = quarantines.run_id
    where quarantines.state = 'held' and runs.state not in ('queued', 'running')
    group by quarantines.id
    order by quarantines.ticker`;
}
