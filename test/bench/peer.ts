import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Sql } from "../../db/client.ts";
import { apiKey, startEndpoint } from "./endpoint.ts";
import type { BenchMarket } from "./market.ts";

/** Rows, and what their indicators are added up, by column; what falls as often as it rises, without its sign. */
export type IndicatorSums = { rows: number } & Record<string, number | null>;

/** What the peer's process tells: seconds from its first request to the table that is there, those of fetching in them. */
export type PeerRun = { seconds: number; fetchSeconds: number; processorSeconds: number; sums: IndicatorSums };

/** DuckDB's way of the same year. How many times its seconds Barline took, and of processors; null where the system does not tell. */
export type PeerReport = Omit<PeerRun, "sums"> & { ratio: number; processorRatio: number | null };

/** Doubles added up in another order, and decimals that are rounded at the tenth place, differ by less. */
const tolerance = 1e-6;

/** Has the peer do the year's work in `folder`, which it empties first, from an endpoint of its own. */
export async function runPeer(market: BenchMarket, encoding: string, folder: string): Promise<PeerRun> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const endpoint = await startEndpoint(market.folder, encoding);
  try {
    const entry = fileURLToPath(new URL("peer-process.ts", import.meta.url));
    const year = ["--from", market.sessions[0] ?? "", "--to", market.sessions.at(-1) ?? ""];
    const given = ["--url", endpoint.url, "--key", apiKey, ...year, "--folder", folder];
    const child = Bun.spawn([process.execPath, entry, ...given], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error("The peer failed.");
    return JSON.parse(text) as PeerRun;
  } finally {
    endpoint.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same of what Barline published up to a session. */
export async function readIndicatorSums(sql: Sql, to: string): Promise<IndicatorSums> {
  const [row] = await sql<IndicatorSums[]>`
    select
      count(*)::int as rows,
      sum(close_price::float8) as close_price,
      sum(volume_weighted_average_price::float8) as volume_weighted_average_price,
      sum(volume::float8) as volume, sum(transactions::float8) as transactions, sum(dollar_volume::float8) as dollar_volume,
      sum(abs(return_1d::float8)) as return_1d, sum(abs(return_63d::float8)) as return_63d,
      sum(moving_avg_20d::float8) as moving_avg_20d, sum(moving_avg_200d::float8) as moving_avg_200d,
      sum(volatility_20d::float8) as volatility_20d, sum(volatility_60d::float8) as volatility_60d,
      sum(rsi_14::float8) as rsi_14, sum(bollinger_upper_20d::float8) as bollinger_upper_20d, sum(atr_14::float8) as atr_14,
      sum(high_252d::float8) as high_252d, sum(low_252d::float8) as low_252d, sum(abs(drawdown_252d::float8)) as drawdown_252d,
      sum(volume_ratio_20d::float8) as volume_ratio_20d
    from public.fct_polygon__stock_bars_performance where trade_date <= ${to}::date`;
  return row ?? { rows: 0 };
}

/** Where the two differ, a sentence a column; none where it was the same work. */
export function differences(ours: IndicatorSums, theirs: IndicatorSums): string[] {
  const columns = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  return columns.flatMap((column) => {
    const [one, other] = [ours[column], theirs[column]];
    // Null: no window of that length is full, in neither.
    const same =
      one === other ||
      (typeof one === "number" &&
        typeof other === "number" &&
        Math.abs(one - other) <= (column === "rows" ? 0 : tolerance) * Math.max(Math.abs(one), Math.abs(other)));
    return same ? [] : [`the peer's ${column}: ${other} instead of ${one}`];
  });
}
