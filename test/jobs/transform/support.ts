import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sql } from "../../../db/client.ts";
import { keepReplaced, type RawBar } from "../../../db/queries/market/held-bars.ts";
import { createTransform, type Transform, type TransformOptions } from "../../../jobs/transform/transform.ts";

export const warehouseDir = fileURLToPath(new URL("../../../db/warehouse", import.meta.url));
/** The table of which fct_polygon__stock_bars_performance is a view. */
export const windowsTable = "int_polygon__stock_bars_windows";

const silent = { info: () => {}, warn: () => {} };

export function openTransform(sql: Sql, options: Partial<TransformOptions> = {}): Transform {
  return createTransform({ sql, projectDir: warehouseDir, log: silent, ...options });
}

export type ProjectFolder = { path: string; write(files: Record<string, string>): void; remove(): void };

/** A dbt project of a test's own, with a dbt_project.yml unless `files` has one. */
export function createProjectFolder(files: Record<string, string>): ProjectFolder {
  const path = mkdtempSync(join(tmpdir(), "barline-project-"));
  const write = (entries: Record<string, string>) => {
    for (const [name, text] of Object.entries(entries)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), text);
    }
  };
  write({ "dbt_project.yml": "name: shop\n", ...files });
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export type Bar = {
  ticker: string;
  date: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
};
export type Split = { ticker: string; date: string; from: number; to: number; active: boolean };

/** Writes bars as a load does: a bar that is there is corrected, and the stamp moves. */
export async function writeBars(sql: Sql, bars: Bar[], at: Date): Promise<void> {
  await keepReplaced(sql, bars.map(rawBar), at);
  await sql`
    insert into source_polygon_stock_bars_daily (ticker, trade_date, open, high, low, close, volume, vwap, inserted_at)
    select item ->> 'ticker', (item ->> 'date')::date, (item ->> 'open')::numeric, (item ->> 'high')::numeric,
      (item ->> 'low')::numeric, (item ->> 'close')::numeric, (item ->> 'volume')::numeric, null, ${at}::timestamptz
    from jsonb_array_elements(${sql.json(bars)}::jsonb) as item
    on conflict (ticker, trade_date) do update set open = excluded.open, high = excluded.high, low = excluded.low,
      close = excluded.close, volume = excluded.volume, inserted_at = excluded.inserted_at`;
}

function rawBar({ ticker, date, open, high, low, close, volume }: Bar): RawBar {
  const values = { open: `${open}`, high: `${high}`, low: `${low}`, close: `${close}`, volume: `${volume}` };
  return { ticker, session: date, ...values, vwap: null, transactions: null };
}

/** Writes splits as the reference data is written: never deleted, only no longer active. */
export async function writeSplits(sql: Sql, splits: Split[], at: Date): Promise<void> {
  await sql`
    insert into source_polygon_splits (ticker, execution_date, split_from, split_to, active, inserted_at)
    select item ->> 'ticker', (item ->> 'date')::date, (item ->> 'from')::numeric, (item ->> 'to')::numeric,
      (item ->> 'active')::boolean, ${at}::timestamptz
    from jsonb_array_elements(${sql.json(splits)}::jsonb) as item
    on conflict (ticker, execution_date) do update set split_from = excluded.split_from, split_to = excluded.split_to,
      active = excluded.active, inserted_at = excluded.inserted_at`;
}

export type Dividend = {
  ticker: string;
  date: string;
  amount: number;
  active: boolean;
  currency?: string;
  type?: string;
};

/** Writes dividends as the reference data is written: never deleted, only no longer active. */
export async function writeDividends(sql: Sql, dividends: Dividend[], at: Date): Promise<void> {
  await sql`
    insert into source_polygon_dividends (ticker, ex_dividend_date, cash_amount, currency, distribution_type, active, inserted_at)
    select item ->> 'ticker', (item ->> 'date')::date, (item ->> 'amount')::numeric, item ->> 'currency', item ->> 'type',
      (item ->> 'active')::boolean, ${at}::timestamptz
    from jsonb_array_elements(${sql.json(dividends)}::jsonb) as item
    on conflict (ticker, ex_dividend_date, cash_amount, distribution_type, currency) do update set
      active = excluded.active, inserted_at = excluded.inserted_at`;
}

/** The weekday `index` weekdays after Monday, 1 January 2018. */
export function weekday(index: number): string {
  const days = Math.floor(index / 5) * 7 + (index % 5);
  return new Date(Date.UTC(2018, 0, 1 + days)).toISOString().slice(0, 10);
}

/** A price to the cent that depends on nothing but its arguments. */
export function bar(ticker: string, index: number, revision = 0): Bar {
  const wave = Math.sin(index / 7 + ticker.charCodeAt(0)) * 20 + Math.cos(index * 1.7 + revision) * 3;
  const close = Math.round((60 + wave + revision) * 100) / 100;
  const cents = (value: number) => Math.round(value * 100) / 100;
  return {
    ticker,
    date: weekday(index),
    open: cents(close - 0.31),
    high: cents(close + 1.27),
    low: cents(close - 1.4),
    close,
    volume: 1000 + index * 3 + revision * 0.5,
  };
}
