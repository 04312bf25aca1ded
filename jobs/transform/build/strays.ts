import { type Distribution, sharedSchema } from "../../../db/distribution/types.ts";
import { literal, quoteRelation, type Relation } from "../project/types.ts";
import { isStanding } from "./catalog.ts";
import type { Session } from "./session.ts";
import { analyzeReplica } from "./shared-copies.ts";

/** The bars of all tickers of securities that had several: wherever a shard is, beside its own. */
export const straysRelation: Relation = { schema: sharedSchema, identifier: "stray_bars" };

const [strays, bars, removed] = [
  quoteRelation(straysRelation),
  "public.source_polygon_stock_bars_daily",
  "public.source_polygon_removed_bars",
];

/** Makes the table of stray bars where there is none. */
export async function openStrays(session: Session, distribution: Distribution): Promise<void> {
  if (await isStanding(session, straysRelation)) return;
  const { run } = session;
  await run(`create table ${strays} (like ${bars} including indexes)`);
  await distribution.replicate(run, straysRelation);
}

/**
 * Brings the stray bars up to date, by who holds which ticker in `holders`. Stamps follow the order in which writes commit, so of tickers
 * that were there before what is younger than all that is here is new; what was removed is in the list of that.
 */
export async function bringStrays(session: Session, distribution: Distribution, holders: Relation): Promise<void> {
  const { run } = session;
  const wanted = await tickersOf(run, severalLabels(quoteRelation(holders)));
  const present = await tickersOf(run, `select distinct ticker from ${strays}`);
  const gone = [...present].filter((ticker) => !wanted.has(ticker));
  const kept = [...wanted].filter((ticker) => present.has(ticker));
  const added = [...wanted].filter((ticker) => !present.has(ticker));
  if (gone.length > 0) await run(`delete from ${strays} where ticker = any(${list(gone)})`);
  if (kept.length > 0) {
    await run(`delete from ${strays} where (ticker, trade_date) in (select ticker, trade_date from ${removed})`);
    await run(`
      with newer as materialized (
        select * from ${bars} where ticker = any(${list(kept)}) and inserted_at > (select max(inserted_at) from ${strays})
      )
      insert into ${strays} select * from newer
      on conflict (ticker, trade_date) do update set open = excluded.open, high = excluded.high, low = excluded.low,
        close = excluded.close, volume = excluded.volume, vwap = excluded.vwap, transactions = excluded.transactions,
        inserted_at = excluded.inserted_at`);
  }
  if (added.length > 0) await run(`insert into ${strays} select * from ${bars} where ticker = any(${list(added)})`);
  await analyzeReplica(session, distribution, straysRelation);
}

/** Tickers of securities that had others besides. */
const severalLabels = (holders: string) => `
  select distinct ticker from ${holders} where security_id in (
    select security_id from ${holders} group by security_id having count(distinct ticker) > 1)`;

const list = (tickers: readonly string[]) => `array[${tickers.map(literal).join(", ")}]::text[]`;

async function tickersOf(run: Session["run"], query: string): Promise<Set<string>> {
  return new Set((await run(query)).map(({ ticker }) => String(ticker)));
}
