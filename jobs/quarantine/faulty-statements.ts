import {
  countNewBars,
  keepOnly,
  type RawBar,
  selectNewBars,
  selectNewTickers,
} from "../../db/queries/market/held-bars.ts";
import { PermanentError } from "../orchestrator/errors.ts";
import type { StatementFault } from "../transform/transform.ts";
import { bisect } from "./bisect.ts";
import { mostHeld } from "./limit.ts";
import type { BuilderOptions, BuildRequest, Hold, Holds } from "./types.ts";

/** SQLSTATE class 22: a value that a statement cannot work with (overflow, division by zero). Of another class, no row is to blame. */
const isDataFault = ({ code }: StatementFault) => code.startsWith("22");

type Search = { options: BuilderOptions; request: BuildRequest; mark: string; fault: StatementFault };

/**
 * Finds the bars with which a statement fails, by building again and again with a part of those that are new: PostgreSQL does not
 * say at which row it stopped.
 */
export async function findFaultyBars(search: Search): Promise<Holds> {
  const { options, mark, fault } = search;
  const told = `${fault.message} (SQLSTATE ${fault.code}) in ${fault.node}`;
  if (!isDataFault(fault)) return { refusal: "It is no fault of single rows." };
  const tickers = await selectNewTickers(options.sql, mark);
  if (tickers.length === 0 || (await fails(search, [], null)))
    return { refusal: "It fails without the rows that are new since the last publication, too." };
  const sessions = (await countNewBars(options.sql, mark)).map(({ session }) => session);
  const most = await mostHeld(options.sql, mark, sessions);
  search.request.log.warn("looking for the rows that a statement fails at", { fault: told, tickers: tickers.length });
  const found = await bisect(tickers, (some) => fails(search, some, null), most);
  if (found.length > most) return { refusal: `More than the ${most} tickers that may be held back make it fail.` };
  if (found.some((together) => together.length > 1)) return { refusal: "Several tickers only make it fail together." };
  const holds: Hold[] = [];
  for (const [ticker = ""] of found) holds.push(await holdOf(search, ticker, told));
  return { holds };
}

/** The sessions at which a ticker makes the statement fail, each or together. */
async function holdOf(search: Search, ticker: string, told: string): Promise<Hold> {
  const bars = await selectNewBars(search.options.sql, search.mark, [ticker]);
  const every = bars.map(({ session }) => session);
  const found = await bisect(every, (some) => fails(search, [ticker], some), every.length);
  const sessions = new Set(found.flat());
  const faulty = bars.filter(({ session }) => sessions.has(session));
  const reason = `${told}: ${ticker} ${faulty.slice(0, 3).map(tellBar).join("; ")}`;
  return { ticker, sessions: faulty.map(({ session }) => session), test: search.fault.node, reason };
}

function tellBar({ session, open, high, low, close, volume, vwap, transactions }: RawBar): string {
  const more = `${vwap === null ? "" : `, vwap ${vwap}`}${transactions === null ? "" : `, transactions ${transactions}`}`;
  return `of ${session} says open ${open}, high ${high}, low ${low}, close ${close}, volume ${volume}${more}`;
}

/** Whether the build fails in the same way with no new bars but some. What its tests find does not count here. */
async function fails(
  { options, request, mark }: Search,
  tickers: readonly string[],
  sessions: readonly string[] | null,
): Promise<boolean> {
  const { fault } = await options.transform.build({
    ...request.optionsOf(),
    onNode: () => {},
    log: { info: () => {}, warn: () => {} },
    onTestFailure: async () => "accept",
    rehearse: (transaction) => keepOnly(transaction, mark, { tickers, sessions }),
  });
  if (fault && !isDataFault(fault)) {
    throw new PermanentError(`The build could not be tried with a part of the rows: ${fault.message}`, {
      advice: "Nothing was published. Retry the run; if that fails too, look at the model that it names.",
    });
  }
  return fault !== undefined;
}
