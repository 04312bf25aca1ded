import type { Sql, TransactionSql } from "../../client.ts";

/** Whose bars are meant: a security's, under whatever labels; a label's own, whoever held it, where `security` is left out or null. */
export type Holder = { ticker: string; security?: string | null };

/** Of rows of `table`, which have a ticker and a security, those of the holder. */
export const isHeldBy = (sql: Sql, table: string, { ticker, security = null }: Holder) =>
  security === null ? sql`${sql(table)}.ticker = ${ticker}::text` : sql`${sql(table)}.security_id = ${security}::text`;

/**
 * Whether what was declared of a ticker on a day is of a security, by the models' own rule: of who had the ticker on that day, or the day before where
 * nobody else has it since. `declared` has a ticker, `day` is its column. Not from the models' views: a build drops them for a table that they read.
 */
export const isDeclaredOf = (sql: Sql | TransactionSql, declared: string, day: string, security: string) => sql`
  exists (
    select
    from public.int_polygon__ticker_periods as periods
    where periods.security_id = ${security}::text
      and periods.ticker = ${sql(declared)}.ticker
      and ${sql(declared)}.${sql(day)} between periods.valid_from and periods.valid_to + 1
      and not exists (
        select
        from public.int_polygon__ticker_periods as holders
        where holders.ticker = periods.ticker
          and holders.valid_from = ${sql(declared)}.${sql(day)}
          and holders.security_id <> periods.security_id
          and holders.listing is not null))`;

/**
 * Of rows of `table` that know a ticker and a session but no security, those of the holder: bars as the vendor stated them, by who had their label
 * in their session.
 */
export const isStatedOf = (sql: Sql, table: string, { ticker, security = null }: Holder) =>
  security === null
    ? sql`${sql(table)}.ticker = ${ticker}::text`
    : sql`${sql(table)}.ticker in (${labelsOf(sql, security)})
        and exists (
          select
          from public.int_polygon__ticker_periods as periods
          where periods.security_id = ${security}::text
            and periods.ticker = ${sql(table)}.ticker
            and ${sql(table)}.trade_date between periods.valid_from and periods.valid_to)`;

/** The labels that a security ever had. */
export const labelsOf = (sql: Sql | TransactionSql, security: string) => sql`
  select labels.ticker from public.int_polygon__ticker_periods as labels where labels.security_id = ${security}::text`;

/** Whether the tables of securities, which came later than the bars, are published. */
export async function hasSecurities(sql: Sql): Promise<boolean> {
  const [row] = await sql<[{ found: boolean }]>`
    select
      to_regclass('public.dim_securities') is not null and to_regclass('public.dim_ticker_periods') is not null as found`;
  return row.found;
}

/** The security that a label stands for, or stood for last; null where none is known, or before securities are published. */
export async function selectSecurityId(sql: Sql, ticker: string): Promise<string | null> {
  if (!(await hasSecurities(sql))) return null;
  const [row] = await sql<{ securityId: string | null }[]>`
    select security_id as "securityId" from public.dim_tickers where ticker = ${ticker}::text`;
  return row?.securityId ?? null;
}

/** The security that had a label on a day; null where none is known. */
export async function selectSecurityOn(sql: Sql, ticker: string, date: string): Promise<string | null> {
  if (!(await hasSecurities(sql))) return null;
  const [row] = await sql<{ securityId: string }[]>`
    select security_id as "securityId"
    from public.dim_ticker_periods
    where ticker = ${ticker}::text
      and ${date}::date between coalesce(valid_from, '-infinity') and coalesce(valid_to, 'infinity')`;
  return row?.securityId ?? null;
}

/** A label and the sessions of the security's bars under it; nulls where there is none. */
type LabelPeriod = { ticker: string; firstSession: string | null; lastSession: string | null };

type SecurityStatus = "listed" | "delisted" | "renamed" | "unlisted";

/** What has become of a label, and the label that whoever had it last has now. */
export type LabelStatus = { ticker: string; status: SecurityStatus; newest: string };

/** Of some labels; none before securities are published. */
export async function selectLabelStatuses(sql: Sql, tickers: readonly string[]): Promise<LabelStatus[]> {
  if (tickers.length === 0 || !(await hasSecurities(sql))) return [];
  return await sql<LabelStatus[]>`
    select labels.ticker, labels.status, coalesce(securities.ticker, labels.ticker) as newest
    from public.dim_securities as securities
    right join public.dim_tickers as labels on labels.security_id = securities.security_id
    where labels.ticker = any(${tickers as string[]}::text[])`;
}

/** A security: its newest label and name, and all labels that it had, oldest first. */
export type SecurityProfile = {
  securityId: string;
  ticker: string;
  name: string | null;
  type: string | null;
  compositeFigi: string | null;
  status: SecurityStatus;
  delistedOn: string | null;
  labels: LabelPeriod[];
};

/**
 * One security; null where nothing is known of it. The tables are in the order in which a build exchanges them, as everywhere, and in the one FROM: a statement
 * that is run again locks what its WITH reads last. A reader that has the later table and waits for the earlier would keep the build from its end, and the build it.
 */
export async function selectSecurity(sql: Sql, securityId: string): Promise<SecurityProfile | null> {
  const [row] = await sql<SecurityProfile[]>`
    select
      securities.security_id as "securityId",
      securities.ticker,
      securities.name,
      securities.type,
      securities.composite_figi as "compositeFigi",
      securities.status,
      securities.delisted_on as "delistedOn",
      coalesce(labels.list, '[]') as labels
    from (
      select
        json_agg(
          json_build_object(
            'ticker', periods.ticker, 'firstSession', periods.first_session, 'lastSession', periods.last_session)
          order by periods.valid_from nulls first
        ) as list
      from public.dim_ticker_periods as periods
      where periods.security_id = ${securityId}::text
    ) as labels
    inner join public.dim_securities as securities on securities.security_id = ${securityId}::text`;
  return row ?? null;
}

/** Somebody who has, or had, a label. */
export type LabelHolder = LabelPeriod & { securityId: string; name: string | null; status: SecurityStatus };

/** All that a label stood for, the newest first. */
export function selectHolders(sql: Sql, ticker: string): Promise<LabelHolder[]> {
  return sql<LabelHolder[]>`
    select
      periods.ticker,
      periods.security_id as "securityId",
      securities.name,
      securities.status,
      min(periods.first_session) as "firstSession",
      max(periods.last_session) as "lastSession"
    from public.dim_ticker_periods as periods
    inner join public.dim_securities as securities on securities.security_id = periods.security_id
    where periods.ticker = ${ticker}::text
    group by periods.ticker, periods.security_id, securities.name, securities.status
    order by max(periods.last_session) desc nulls last, periods.security_id`;
}
