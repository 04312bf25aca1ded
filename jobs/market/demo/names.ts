/** A part of the economy: what its companies call themselves, and how much its shares move and pay. */
export type Sector = {
  name: string;
  trades: readonly string[];
  /** Daily volatility of what moves the whole sector. */
  volatility: number;
  /** Typical sensitivity to the market. */
  beta: number;
  /** Typical yearly dividend, as a fraction of the price. */
  dividendYield: number;
};

export const sectors: readonly Sector[] = [
  sector("Technology", "Semiconductors Software Systems Networks", 0.006, 1.25, 0.008),
  sector("Health Care", "Biosciences Therapeutics Medical Diagnostics", 0.005, 0.85, 0.012),
  sector("Financials", "Bancorp Capital Insurance Financial", 0.005, 1.1, 0.028),
  sector("Energy", "Energy Petroleum Drilling Pipelines", 0.009, 1.05, 0.036),
  sector("Industrials", "Industries Aerospace Logistics Machinery", 0.004, 1.05, 0.017),
  sector("Consumer Discretionary", "Motors Outfitters Hotels Home", 0.005, 1.15, 0.011),
  sector("Consumer Staples", "Foods Beverages Household Markets", 0.004, 0.6, 0.027),
  sector("Utilities", "Power Water Electric Grid", 0.005, 0.5, 0.034),
  sector("Real Estate", "Properties Realty Storage Towers", 0.005, 0.8, 0.038),
  sector("Materials", "Chemicals Mining Steel Packaging", 0.006, 1.05, 0.021),
  sector("Communication", "Media Wireless Studios Broadcasting", 0.005, 0.95, 0.013),
];

/** First halves of company names; the first two letters of each are its own. */
const beginnings = (
  "Alder Bram Calder Dorn Elm Fen Glen Hart Iver Jun Kest Lark Marl North Oster Pell Quill Raven Sorrel Thorn " +
  "Ulver Vant Wren Xan Yarrow Zeph Ash Birch Corm Drake Ember Frost Grey Tarn Isen Kings Lyn Mist Nettle Oak"
).split(" ");

/** Second halves; likewise. */
const endings = "moor fell wick stead holt mere gate ridge haven ford crest vale".split(" ");

const forms = ["Inc.", "Corp.", "Holdings", "Group"];

/** How many different companies can be named. */
export const companyCount = beginnings.length * endings.length;

/** An invented company: number 0 to companyCount - 1. Every name and every ticker differs from the others. */
export function companyOf(number: number): { ticker: string; name: string; sector: Sector } {
  const [column, row] = [number % beginnings.length, Math.floor(number / beginnings.length)];
  const beginning = beginnings[column] ?? "";
  const ending = endings[(column * 5 + row) % endings.length] ?? "";
  const home = pick(sectors, number * 7 + row);
  const name = `${beginning}${ending} ${pick(home.trades, column + row)} ${pick(forms, number)}`;
  return { ticker: `${beginning.slice(0, 2)}${ending.slice(0, 2)}`.toUpperCase(), name, sector: home };
}

/** Funds on the whole market: ticker, name, sensitivity to the market, own daily volatility, yearly dividend. */
export const broadFunds: readonly (readonly [string, string, number, number, number])[] = [
  ["QZTOT", "Quillgate Total Market ETF", 1, 0.0004, 0.014],
  ["QZLRG", "Quillgate Large Company ETF", 0.97, 0.0008, 0.015],
  ["QZMID", "Quillgate Middle Company ETF", 1.1, 0.002, 0.013],
  ["QZSML", "Quillgate Small Company ETF", 1.2, 0.004, 0.012],
  ["QZVAL", "Quillgate Value ETF", 0.9, 0.002, 0.024],
  ["QZGRO", "Quillgate Growth ETF", 1.15, 0.003, 0.006],
  ["QZMOM", "Quillgate Momentum ETF", 1.1, 0.004, 0.007],
  ["QZLOW", "Quillgate Low Volatility ETF", 0.65, 0.0015, 0.022],
  ["QZDIV", "Quillgate Dividend ETF", 0.8, 0.0015, 0.034],
  ["QZBND", "Quillgate Aggregate Bond ETF", -0.02, 0.002, 0.031],
  ["QZTIP", "Quillgate Inflation Bond ETF", 0, 0.0025, 0.027],
  ["QZLNG", "Quillgate Long Bond ETF", -0.15, 0.007, 0.033],
  ["QZGLD", "Quillgate Gold ETF", 0.05, 0.008, 0],
  ["QZOIL", "Quillgate Oil ETF", 0.5, 0.018, 0],
  ["QZINT", "Quillgate International ETF", 0.9, 0.004, 0.027],
  ["QZEMG", "Quillgate Emerging Markets ETF", 1, 0.006, 0.025],
  ["QZDBL", "Quillgate Daily Double ETF", 2, 0.001, 0],
  ["QZTRI", "Quillgate Daily Triple ETF", 3, 0.002, 0],
  ["QZINV", "Quillgate Daily Inverse ETF", -1, 0.001, 0],
  ["QZBER", "Quillgate Daily Double Inverse ETF", -2, 0.001, 0],
];

/** The element at a position counted around and around the list. */
export function pick<T>(list: readonly T[], position: number): T {
  const element = list[position % list.length];
  if (element === undefined) throw new RangeError("Nothing to pick from.");
  return element;
}

function sector(name: string, trades: string, volatility: number, beta: number, dividendYield: number): Sector {
  return { name, trades: trades.split(" "), volatility, beta, dividendYield };
}
