import type { Sql } from "../../../db/client.ts";
import { isUndefinedTable } from "../../../db/errors.ts";
import { readDataVersion } from "../../../db/queries/research/data-version.ts";
import { readAtOneMoment } from "../../../db/queries/research/moment.ts";
import { readFirstTicker } from "../../../db/queries/research/tickers.ts";
import { selectSessions } from "../../../db/queries/research/universe.ts";
import { type Badge, badgesOf, universeBadgesOf } from "../../backtest/badges.ts";
import { checkHonesty } from "../../backtest/honesty.ts";
import { tickerStrategies, universeStrategies } from "../../backtest/strategies/index.ts";
import { checkUniverseHonesty } from "../../backtest/universe/honesty.ts";
import { readBars } from "./bars.ts";
import { readUniverse } from "./read-universe.ts";

/** Every strategy with its defaults, checked on published bars: on one ticker, and on some of the universe. */
export type Checks = {
  ticker: string;
  sessions: number;
  tickers: number;
  badges: ReadonlyMap<string, readonly Badge[]>;
};

/** Reads the checks of the data of now; null where nothing is published. */
export type ReadChecks = () => Promise<Checks | null>;

/** Enough to rank, and few enough to be read for a page. */
const tickersAtMost = 60;

/** Checks anew when the published data change, and keeps the result until then. */
export function createChecks(read: Sql): ReadChecks {
  let kept: { version: string; checks: Promise<Checks | null> } | undefined;
  return async () => {
    try {
      const last = (await selectSessions(read, { from: null, to: null })).at(-1);
      if (last === undefined) return null;
      const version = await readDataVersion(read, { ticker: null, from: last, to: last });
      if (kept?.version !== version) kept = { version, checks: readAtOneMoment(read, check) };
      return await kept.checks;
    } catch (error) {
      kept = undefined;
      if (!isUndefinedTable(error)) throw error;
      return null;
    }
  };
}

async function check(moment: Sql): Promise<Checks | null> {
  const ticker = await readFirstTicker(moment);
  if (ticker === null) return null;
  const bars = await readBars(moment, { ticker, dividends: false });
  const badges = new Map<string, readonly Badge[]>();
  for (const strategy of tickerStrategies) {
    const configured = strategy.configure({});
    if (configured.success) badges.set(strategy.id, badgesOf(checkHonesty(configured.strategy, bars)));
  }
  let tickers = 0;
  for (const strategy of universeStrategies) {
    const configured = strategy.configure({});
    if (!configured.success) continue;
    const universe = await readUniverse([moment], { from: null, to: null, atMost: tickersAtMost }, configured.strategy);
    tickers = Math.min(universe.listings.length, tickersAtMost);
    badges.set(strategy.id, universeBadgesOf(checkUniverseHonesty(configured.strategy, universe)));
  }
  return { ticker, sessions: bars.dates.length, tickers, badges };
}
