import type { Sql } from "../../../db/client.ts";
import { isUndefinedTable } from "../../../db/errors.ts";
import { type DataChanges, selectDataChanges } from "../../../db/queries/research/data-changes.ts";
import { type DataRange, readDataVersion } from "../../../db/queries/research/data-version.ts";
import { formatCount, formatDate } from "../../../views/format.ts";
import type { Scenario } from "./types.ts";

/**
 * The version of everything that a request reads: of its ticker, or of the universe, and of its benchmark, whose parts
 * begin with `benchmark.`.
 */
export async function readRequestVersion(read: Sql, { ticker, from, to, benchmark }: Scenario): Promise<string> {
  const [own, compared] = await Promise.all([
    readOrNothing(read, { ticker, from, to }),
    benchmark === null ? "" : readOrNothing(read, { ticker: benchmark, from, to }),
  ]);
  return [own, ...compared.split(" ").flatMap((part) => (part === "" ? [] : [`benchmark.${part}`]))].join(" ");
}

/** While the models' tables are gone, say because somebody builds the warehouse anew, there is no session. */
async function readOrNothing(read: Sql, range: DataRange): Promise<string> {
  try {
    return await readDataVersion(read, range);
  } catch (error) {
    if (!isUndefinedTable(error)) throw error;
    return "sessions=0";
  }
}

const partsOf = (version: string): Map<string, string> =>
  new Map(
    version.split(" ").map((part): [string, string] => {
      const [name = "", ...value] = part.split("=");
      return [name, value.join("=")];
    }),
  );

/** The names of the parts that two versions do not share, of those that such a request reads. */
export function changedParts(before: string, now: string, request: Pick<Scenario, "dividends">): string[] {
  const [old, current] = [partsOf(before), partsOf(now)];
  const names = new Set([...old.keys(), ...current.keys()]);
  return [...names].filter(
    (name) => old.get(name) !== current.get(name) && (request.dividends || !name.endsWith("dividends")),
  );
}

/** What of a scenario's data is newer than its run, a sentence each; none where a new run would read the same. */
export async function readChanges(
  read: Sql,
  { request, dataVersion, ranAt }: { request: Scenario; dataVersion: string; ranAt: Date },
): Promise<string[]> {
  const now = await readRequestVersion(read, request);
  const changed = changedParts(dataVersion, now, request);
  if (changed.length === 0) return [];
  const [before, after] = [partsOf(dataVersion), partsOf(now)];
  const sentencesOf = async (ticker: string, prefix: string) => {
    const own = changed.flatMap((name) =>
      name.startsWith("benchmark.") === (prefix !== "") ? [name.slice(prefix.length)] : [],
    );
    if (own.length === 0) return [];
    const added = Number(after.get(`${prefix}sessions`) ?? 0) - Number(before.get(`${prefix}sessions`) ?? 0);
    const { from, to } = request;
    return tellChanges(ticker, own, added, await selectDataChanges(read, { ticker, from, to, since: ranAt }));
  };
  const { ticker, benchmark } = request;
  const told = [
    ...(ticker === null ? tellMarket(changed) : await sentencesOf(ticker, "")),
    ...(benchmark === null ? [] : await sentencesOf(benchmark, "benchmark.")),
  ];
  return told.length > 0 ? told : ["The data of its range have changed."];
}

const tellMarket = (changed: readonly string[]): string[] =>
  changed.some((name) => !name.startsWith("benchmark."))
    ? ["Bars of the universe up to the end of its range have come or were corrected."]
    : [];

/** The day in New York of an instant. */
const dayOf = (at: Date): string =>
  formatDate(new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York" }).format(at));

/** Sentences for the parts of one ticker's version that have changed; `added` sessions, fewer than 0 where some went. */
export function tellChanges(
  ticker: string,
  changed: readonly string[],
  added: number,
  { correctedBars, correctedAt, splits, dividends, dividendsAt }: DataChanges,
): string[] {
  const told: string[] = [];
  if (added !== 0) {
    const verb = added > 0 ? "came to" : "went from";
    told.push(`${formatCount(Math.abs(added), "session")} of ${ticker} ${verb} its range.`);
  }
  if (changed.includes("bars")) {
    if (correctedAt !== null) {
      const some = correctedBars === 1 ? "A bar" : `${correctedBars} bars`;
      told.push(
        `${some} of ${ticker} in its range ${correctedBars === 1 ? "was" : "were"} corrected on ${dayOf(correctedAt)}.`,
      );
    }
    if (splits.length > 0)
      told.push(`${ticker} split on ${splits.map(formatDate).join(", ")}: prices before are adjusted.`);
    if (told.length === 0) told.push(`The bars of ${ticker} in its range have changed.`);
  }
  if (changed.includes("dividends")) {
    const when = dividendsAt === null || dividends === 0 ? "" : ` on ${dayOf(dividendsAt)}`;
    told.push(`Dividends of ${ticker} in its range have changed${when}.`);
  }
  if (changed.includes("ended")) told.push(`${ticker} was delisted, or is listed again.`);
  return told;
}
