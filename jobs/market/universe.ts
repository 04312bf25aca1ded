import { PermanentError } from "../orchestrator/errors.ts";

/** Which tickers are wanted: all of them, those of some types, or these. */
export type Universe = { kind: "all" } | { kind: "types"; types: string[] } | { kind: "tickers"; tickers: string[] };

/** The vendor's codes of stock ticker types, from its list of ticker types. */
const tickerTypes: readonly string[] = [
  ..."ADRC ADRP ADRR ADRW AGEN BASKET BOND CS EQLK ETF ETN ETS ETV".split(" "),
  ..."FUND GDR INDEX LT NYRS OS OTHER PFD RIGHT SP UNIT WARRANT".split(" "),
];

/** Codes that the exchanges list a security under: Agenus, a bond fund of PIMCO's, Eaton, a fund of Eaton Vance's, Sprott Focus, … */
const listedCodes: readonly string[] = "AGEN BOND ETN ETV FUND OS PFD UNIT".split(" ");

const allowed = "Allowed: all, ticker types such as type:CS,type:ETF, or tickers such as AAPL,MSFT.";
const tickerPattern = /^[A-Z][A-Za-z0-9]{0,15}([./-][A-Za-z0-9]{1,8}){0,3}$/;

type Entry = { prefix: "type" | "ticker" | undefined; code: string };

/**
 * Reads UNIVERSE. Case counts: `KIMpL` is a ticker, and `ALL` is one too, where `all` is the market. `type:CS` is a type and
 * `ticker:CS` a ticker, whatever else they may be. Of words without a prefix those are types that are all type codes, one of
 * them at least no security's symbol (`CS,ETN`) or beside a `type:`; all others are tickers (`AAPL,ETN`, `FUND`). A PermanentError
 * names the entry that is wrong, and what is allowed. `warning` tells how a word that can be either was read.
 */
export function readUniverse(text: string): { universe: Universe; warning?: string } {
  const entries = [...new Set(text.split(",").map((entry) => entry.trim()))];
  if (entries.includes("")) throw problem(text.trim() === "" ? "is empty" : `has an empty entry in "${text}"`);
  if (entries.length === 1 && entries[0] === "all") return { universe: { kind: "all" } };
  const read = entries.map(readEntry);
  const bare = read.filter(({ prefix }) => prefix === undefined).map(({ code }) => code);
  const areTypes = bare.every(isType) && (read.some(isOf("type")) || !bare.every((code) => listedCodes.includes(code)));
  const kindOf = ({ prefix }: Entry) => prefix ?? (areTypes && !read.some(isOf("ticker")) ? "type" : "ticker");
  const codes = (kind: Entry["prefix"]) => [
    ...new Set(read.filter((entry) => kindOf(entry) === kind).map(({ code }) => code)),
  ];
  const [types, tickers] = [codes("type"), codes("ticker")];
  if (types.length > 0 && tickers.length > 0)
    throw problem(`mixes ticker types (${types.join(", ")}) with tickers (${tickers.join(", ")})`);
  const universe: Universe = types.length > 0 ? { kind: "types", types } : { kind: "tickers", tickers };
  const doubtful = bare.filter(isType);
  return { universe, ...(doubtful.length > 0 && { warning: tellReading(doubtful, universe.kind) }) };
}

/** The universe that UNIVERSE means. */
export const parseUniverse = (text: string): Universe => readUniverse(text).universe;

function readEntry(entry: string): Entry {
  const [, prefix, code = ""] = /^(?:(type|ticker):)?(.*)$/s.exec(entry) ?? [];
  if (prefix === "type" && !isType(code)) {
    const meant = code.toUpperCase();
    throw problem(
      `has "${entry}", which is no ticker type${isType(meant) ? `; did you mean type:${meant}?` : `; there are ${tickerTypes.join(", ")}`}`,
    );
  }
  if (!tickerPattern.test(code) || entry === "All") throw problem(describe(entry));
  return { prefix: prefix === "type" || prefix === "ticker" ? prefix : undefined, code };
}

const isOf = (kind: Entry["prefix"]) => (entry: Entry) => entry.prefix === kind;

function isType(entry: string): boolean {
  return tickerTypes.includes(entry);
}

function describe(entry: string): string {
  if (entry.toLowerCase() === "all") return `has "${entry}": write all, alone, for the whole market`;
  const upper = entry.toUpperCase();
  if (!tickerPattern.test(upper)) return `has "${entry}", which is neither a ticker type nor a ticker`;
  return `has "${entry}": ${isType(upper) ? "types" : "tickers"} begin with a capital; did you mean ${upper}?`;
}

function tellReading(codes: string[], kind: Universe["kind"]): string {
  const spelled = (prefix: string) => codes.map((code) => `${prefix}:${code}`).join(",");
  const [read, other] = kind === "types" ? ["type", "ticker"] : ["ticker", "type"];
  const [one, many] = kind === "types" ? ["a ticker type", "ticker types"] : ["a ticker", "tickers"];
  const reading = codes.length === 1 ? `${codes[0]} as ${one}` : `${codes.join(", ")} as ${many}`;
  return `UNIVERSE reads ${reading}; write ${spelled(read ?? "")} to say so, or ${spelled(other ?? "")} for the other`;
}

function problem(what: string): PermanentError {
  return new PermanentError(`UNIVERSE ${what}. ${allowed}`);
}
