import {
  type BreadthRow,
  selectBreadth,
  selectBreadthRange,
  selectMovers,
} from "../../db/queries/market/read-breadth.ts";
import { martTables, selectMartColumns } from "../../db/queries/market/read-screen-columns.ts";
import { selectScreenTypes } from "../../db/queries/market/read-screener.ts";
import { selectSectorSource, selectSectors } from "../../db/queries/market/read-sectors.ts";
import { type BreadthData, netAdvances } from "../../views/market/breadth-data.ts";
import { rangeStart } from "../../views/market/chart/state.ts";
import type { MarketView } from "../../views/market/market.tsx";
import type { MoversView } from "../../views/market/market-movers.tsx";
import type { SectorsView } from "../../views/market/market-sectors.tsx";
import type { AppContext } from "../context.ts";
import { parseAmount } from "./screener-request.ts";

const ranges = ["3m", "6m", "ytd", "1y", "5y", "all"] as const;
const moversShown = 10;
const sessionsShown = 20;
/** Below a million dollars a day, moves are a few trades. */
const defaultMinimum = 1_000_000;

/** What a market page is asked for, as its URL has it. */
export type MarketQuery = { range: string; min: string | undefined; type: string };

/** Whether the marts of the market have been published. */
export async function hasMarket({ read }: AppContext): Promise<boolean> {
  const columns = await selectMartColumns(read, [martTables.latest, martTables.breadth]);
  return columns.size === 2;
}

/** Sessions in columns: what the figures draw. */
export const toColumns = (rows: BreadthRow[]): BreadthData => ({
  date: rows.map((row) => row.date),
  advancing: rows.map((row) => row.advancing),
  declining: rows.map((row) => row.declining),
  ...netAdvances(rows),
  above50: rows.map((row) => row.above50),
  above200: rows.map((row) => row.above200),
  newHighs: rows.map((row) => row.newHighs),
  newLows: rows.map((row) => row.newLows),
});

const rangeOf = (text: string) => ranges.find((range) => range === text) ?? "1y";

function urlOf({ range, min, type }: MarketQuery): string {
  const params = new URLSearchParams();
  if (range !== "1y") params.set("range", range);
  if (min !== undefined && min !== "") params.set("min", min);
  if (type !== "") params.set("type", type);
  return params.size > 0 ? `/market?${params}` : "/market";
}

/** The movers of the newest session, and the form that narrows them. */
export async function readMoversView({ read }: AppContext, asked: MarketQuery): Promise<MoversView> {
  const text = asked.min?.trim().slice(0, 40) ?? "";
  const amount = text === "" ? defaultMinimum : parseAmount(text);
  const minDollarVolume = amount ?? defaultMinimum;
  const [rows, types] = await Promise.all([
    selectMovers(read, { minDollarVolume, type: asked.type || null }, moversShown),
    selectScreenTypes(read),
  ]);
  const list = (id: string, title: string, sort: string) => {
    const params = new URLSearchParams({
      ...(asked.type && { type: asked.type }),
      dollar_volume_min: String(minDollarVolume),
      sort,
    });
    return { id, title, url: `/screener?${params}`, rows: rows.filter((row) => row.list === id) };
  };
  return {
    range: rangeOf(asked.range),
    minimum: text === "" ? String(defaultMinimum) : text,
    problem: amount === null ? `“${text}” is no amount such as 1000000 or 1M; that much is taken.` : null,
    type: asked.type,
    types,
    lists: [
      list("gainers", "Gainers", "-return_1d"),
      list("losers", "Losers", "return_1d"),
      list("active", "Most active", "-dollar_volume"),
    ],
  };
}

/** The newest session by the sectors that a model of the people's own knows; null where none does. */
async function readSectors({ read, log }: AppContext, date: string): Promise<SectorsView | null> {
  const source = await selectSectorSource(read);
  if (source === null) return null;
  const { model, column } = source;
  try {
    const rows = await selectSectors(read, source);
    return rows.length > 0 ? { model, column, date, rows, problem: null } : null;
  } catch (error) {
    // Whatever is wrong with a model of theirs, the market is shown.
    log.warn({ err: error, model }, "sectors could not be read");
    return { model, column, date, rows: [], problem: `The model ${model} could not be read in time, or not at all.` };
  }
}

/** Everything that the market page shows, read once a second for all who ask the same; null while there is no session. */
export const readMarket = (context: AppContext, asked: MarketQuery): Promise<MarketView | null> =>
  context.snapshots.of(`market ${urlOf(asked)}`, () => readMarketNow(context, asked));

async function readMarketNow(context: AppContext, asked: MarketQuery): Promise<MarketView | null> {
  const range = rangeOf(asked.range);
  const { last } = await selectBreadthRange(context.read);
  if (last === null) return null;
  const from = rangeStart(range, last);
  const [rows, movers, sectors] = await Promise.all([
    selectBreadth(context.read, from, last),
    readMoversView(context, asked),
    readSectors(context, last),
  ]);
  const newest = rows.at(-1);
  if (!newest) return null;
  const between = new URLSearchParams({ from: rows[0]?.date ?? last, to: last });
  return {
    range,
    ranges: ranges.map((one) => ({
      range: one,
      label: one === "all" ? "All" : one.toUpperCase(),
      url: urlOf({ ...asked, range: one }),
    })),
    last: newest,
    data: toColumns(rows),
    sessions: rows.slice(-sessionsShown).reverse(),
    jsonUrl: `/market/breadth.json?${between}`,
    csvUrl: `/market/breadth.csv?${between}`,
    apiUrl: `/api/market/breadth?${between}`,
    movers,
    sectors,
  };
}
