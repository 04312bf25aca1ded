import { PermanentError } from "../orchestrator/errors.ts";

/** Which tickers are wanted: all of them, those of some types, or these. */
export type Universe = { kind: "all" } | { kind: "types"; types: string[] } | { kind: "tickers"; tickers: string[] };

/** The vendor's codes of stock ticker types, from its list of ticker types. */
const tickerTypes: readonly string[] = [
  ..."ADRC ADRP ADRR ADRW AGEN BASKET BOND CS EQLK ETF ETN ETS ETV".split(" "),
  ..."FUND GDR INDEX LT NYRS OS OTHER PFD RIGHT SP UNIT WARRANT".split(" "),
];

const allowed = "Allowed: all, ticker types such as CS,ETF, or tickers such as AAPL,MSFT.";
const tickerPattern = /^[A-Z][A-Za-z0-9]{0,15}([./-][A-Za-z0-9]{1,8}){0,3}$/;

/**
 * Reads UNIVERSE. Case counts: `KIMpL` is a ticker, and `ALL` is one too, where `all` is the market. Words that are all type
 * codes are types. A PermanentError names the entry that is wrong, and what is allowed.
 */
export function parseUniverse(text: string): Universe {
  const entries = [...new Set(text.split(",").map((entry) => entry.trim()))];
  if (entries.includes("")) throw problem(text.trim() === "" ? "is empty" : `has an empty entry in "${text}"`);
  if (entries.length === 1 && entries[0] === "all") return { kind: "all" };
  const malformed = entries.find((entry) => !tickerPattern.test(entry) || entry === "All");
  if (malformed !== undefined) throw problem(describe(malformed));
  const [types, tickers] = [entries.filter(isType), entries.filter((entry) => !isType(entry))];
  if (tickers.length === 0) return { kind: "types", types };
  if (types.length === 0) return { kind: "tickers", tickers };
  throw problem(`mixes ticker types (${types.join(", ")}) with tickers (${tickers.join(", ")})`);
}

function isType(entry: string): boolean {
  return tickerTypes.includes(entry);
}

function describe(entry: string): string {
  if (entry.toLowerCase() === "all") return `has "${entry}": write all, alone, for the whole market`;
  const upper = entry.toUpperCase();
  if (!tickerPattern.test(upper)) return `has "${entry}", which is neither a ticker type nor a ticker`;
  return `has "${entry}": ${isType(upper) ? "types" : "tickers"} begin with a capital; did you mean ${upper}?`;
}

function problem(what: string): PermanentError {
  return new PermanentError(`UNIVERSE ${what}. ${allowed}`);
}
