import { holidayName, isIsoDate, lastCalendarDate, newYorkDate, sessionOf } from "../calendar.ts";
import { regularClose } from "../closures.ts";
import { addDays } from "../dates.ts";
import { newYorkInstant } from "../new-york.ts";
import type { DemoBar, DemoExchange } from "./exchange.ts";
import { isDescending, matches, type PageSize, pageOf } from "./query.ts";

/** What a route answers; the server adds nothing. */
export type DemoAnswer = { status: number; body: unknown };

/**
 * The moment of a request: nothing after `settled` (the last session whose data is final) may be told. `isFirstAnswer`: whether a whole session is
 * told as at first; asking tells once.
 */
export type DemoMoment = {
  exchange: DemoExchange;
  settled: string;
  today: string;
  requestId: string;
  isFirstAnswer(date: string): boolean;
};

type Route = { pattern: RegExp; answer: (url: URL, parts: string[], moment: DemoMoment) => DemoAnswer };

const routes: readonly Route[] = [
  { pattern: /^\/v2\/aggs\/grouped\/locale\/us\/market\/stocks\/([^/]+)$/, answer: grouped },
  { pattern: /^\/v2\/aggs\/ticker\/([^/]+)\/range\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/, answer: range },
  { pattern: /^\/v3\/reference\/tickers$/, answer: tickers },
  {
    pattern: /^\/stocks\/v1\/splits$/,
    answer: (url, _parts, moment) => splits(url, moment, { usual: 100, most: 5_000 }),
  },
  {
    pattern: /^\/v3\/reference\/splits$/,
    answer: (url, _parts, moment) => splits(url, moment, { usual: 10, most: 1_000 }),
  },
  {
    pattern: /^\/stocks\/v1\/dividends$/,
    answer: (url, _, moment) => dividends(url, moment, { usual: 100, most: 5_000 }),
  },
  {
    pattern: /^\/v3\/reference\/dividends$/,
    answer: (url, _, moment) => dividends(url, moment, { usual: 10, most: 1_000 }),
  },
  { pattern: /^\/v1\/marketstatus\/upcoming$/, answer: upcoming },
];

/** Answers one request in the vendor's wire format. */
export function answerDemoRequest(url: URL, moment: DemoMoment): DemoAnswer {
  for (const { pattern, answer } of routes) {
    const match = pattern.exec(url.pathname);
    if (match) return answer(url, match.slice(1).map(decoded), moment);
  }
  return failure(404, moment, "NOT_FOUND", "Route not found.");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function failure(status: number, { requestId }: DemoMoment, code: string, message: string): DemoAnswer {
  const field = code === "NOT_FOUND" ? "message" : "error";
  return { status, body: { status: code, request_id: requestId, [field]: message } };
}

function grouped(url: URL, [date = ""]: string[], moment: DemoMoment): DemoAnswer {
  if (!isIsoDate(date)) return failure(400, moment, "ERROR", "Could not parse the time parameter: 'date'.");
  const adjusted = url.searchParams.get("adjusted") !== "false";
  const { exchange, settled, isFirstAnswer } = moment;
  const tell = isFirstAnswer(date) ? exchange.firstBars : exchange.bars;
  const isTold = date <= settled;
  const bars = isTold ? tell(date, adjusted, settled) : [];
  const t = newYorkInstant(date, regularClose).getTime();
  const garbage = isTold ? exchange.garbage(date) : undefined;
  return aggregates(
    { adjusted },
    [...bars.map((bar) => wireBar(bar, t, bar.ticker)), ...(garbage ? [{ ...garbage, t }] : [])],
    moment,
  );
}

function range(
  url: URL,
  [ticker = "", multiplier, timespan, from = "", to = ""]: string[],
  moment: DemoMoment,
): DemoAnswer {
  const [first, last] = [dayOf(from), dayOf(to)];
  if (!first || !last) return failure(400, moment, "ERROR", "Could not parse the time parameter: 'from' or 'to'.");
  if (multiplier !== "1" || timespan !== "day")
    return failure(400, moment, "ERROR", "The simulated market has daily bars only.");
  let adjusted = true;
  const page = pageOf(url, { usual: 5_000, most: 50_000 }, (query) => {
    adjusted = query.get("adjusted") !== "false";
    const { exchange, settled } = moment;
    const bars = exchange
      .barsOf(ticker, first, settled, adjusted, settled)
      .filter(({ date }) => date < settled)
      .concat(
        first <= settled ? exchange.firstBars(settled, adjusted, settled).filter((bar) => bar.ticker === ticker) : [],
      )
      .filter(({ date }) => date <= last);
    return isDescending(query) ? bars.toReversed() : bars;
  });
  if (!page) return failure(400, moment, "ERROR", "The cursor is not valid.");
  const rows = page.results.map((bar) => wireBar(bar, newYorkInstant(bar.date, 0).getTime()));
  return aggregates({ ticker, adjusted, next_url: page.nextUrl }, rows, moment);
}

/** A range's ends are ISO dates or milliseconds. */
function dayOf(text: string): string | undefined {
  if (isIsoDate(text)) return text;
  const instant = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isNaN(instant) || instant > 8.64e15 ? undefined : newYorkDate(instant);
}

/** `results` is absent when there are none, as at the vendor. */
function aggregates(
  { next_url, ...about }: { ticker?: string; adjusted: boolean; next_url?: string | undefined },
  rows: unknown[],
  { requestId }: DemoMoment,
): DemoAnswer {
  const counts = { queryCount: rows.length, resultsCount: rows.length };
  const results = rows.length > 0 ? { results: rows } : {};
  return {
    status: 200,
    body: { ...about, ...counts, ...results, status: "OK", request_id: requestId, count: rows.length, next_url },
  };
}

function wireBar({ open, high, low, close, volume, vwap, transactions }: DemoBar, t: number, ticker?: string) {
  return { T: ticker, v: volume, vw: vwap, o: open, c: close, h: high, l: low, t, n: transactions };
}

function tickers(url: URL, _parts: string[], moment: DemoMoment): DemoAnswer {
  return list(url, moment, { usual: 100, most: 1_000 }, (query) => {
    const date = query.get("date") || moment.today;
    const active = query.get("active") !== "false";
    const search = query.get("search")?.toLowerCase() ?? "";
    return moment.exchange
      .tickers()
      .filter(({ listedOn }) => listedOn <= date)
      .filter(({ delistedOn = "9999-12-31" }) => delistedOn > date === active)
      .filter(({ ticker, name }) => `${ticker}\n${name}`.toLowerCase().includes(search))
      .map(({ ticker, name, type, exchange, delistedOn, figi, cik }) => ({
        ticker,
        name,
        market: "stocks",
        locale: "us",
        primary_exchange: exchange,
        type,
        active,
        currency_name: "usd",
        composite_figi: figi,
        cik,
        last_updated_utc: `${moment.settled}T00:00:00Z`,
        delisted_utc: active ? undefined : `${delistedOn}T00:00:00Z`,
      }))
      .filter((row) =>
        ["ticker", "type", "market"].every((field) => matches(query, field, String(row[field as keyof typeof row]))),
      )
      .filter((row) => matches(query, "exchange", row.primary_exchange));
  });
}

function splits(url: URL, moment: DemoMoment, size: PageSize): DemoAnswer {
  const older = url.pathname.startsWith("/v3/");
  return list(url, moment, size, (query) =>
    moment.exchange
      .splits(moment.settled)
      .filter(({ ticker, date }) => matches(query, "ticker", ticker) && matches(query, "execution_date", date))
      .map(({ ticker, date, from, to, historicalFactor }) => ({
        id: `demo-split-${ticker}-${date}`,
        ticker,
        execution_date: date,
        split_from: from,
        split_to: to,
        adjustment_type: older ? undefined : to > from ? "forward_split" : "reverse_split",
        historical_adjustment_factor: older ? undefined : historicalFactor,
      })),
  );
}

function dividends(url: URL, moment: DemoMoment, size: PageSize): DemoAnswer {
  const older = url.pathname.startsWith("/v3/");
  return list(url, moment, size, (query) =>
    moment.exchange
      .dividends(moment.settled)
      .filter(({ ticker, date }) => matches(query, "ticker", ticker) && matches(query, "ex_dividend_date", date))
      .map(({ ticker, date, amount, splitAdjustedAmount }) => ({
        id: `demo-dividend-${ticker}-${date}`,
        ticker,
        ex_dividend_date: date,
        declaration_date: addDays(date, -30),
        record_date: date,
        pay_date: addDays(date, 21),
        cash_amount: amount,
        currency: "USD",
        frequency: 4,
        ...(older
          ? { dividend_type: "CD" }
          : { distribution_type: "recurring", split_adjusted_cash_amount: splitAdjustedAmount }),
      })),
  );
}

/** A page of a reference list. */
function list(url: URL, moment: DemoMoment, size: PageSize, rows: (query: URLSearchParams) => unknown[]): DemoAnswer {
  const page = pageOf(url, size, (query) => (isDescending(query) ? rows(query).toReversed() : rows(query)));
  if (!page) return failure(400, moment, "ERROR", "The cursor is not valid.");
  const { results, nextUrl } = page;
  const body = { results, status: "OK", request_id: moment.requestId, count: results.length, next_url: nextUrl };
  return { status: 200, body };
}

const upcomingDays = 365;

/** The real calendar of the coming year: the simulated exchange keeps the hours of New York. */
function upcoming(_url: URL, _parts: string[], { today }: DemoMoment): DemoAnswer {
  const body = [];
  for (let ahead = 0; ahead < upcomingDays; ahead += 1) {
    const date = addDays(today, ahead);
    if (date > lastCalendarDate) break;
    const name = holidayName(date);
    const session = sessionOf(date);
    if (name === undefined && !session?.earlyClose) continue;
    for (const exchange of ["NYSE", "NASDAQ"]) {
      body.push(
        session
          ? {
              date,
              exchange,
              name: "Early close",
              status: "early-close",
              open: session.opensAt.toISOString(),
              close: session.closesAt.toISOString(),
            }
          : { date, exchange, name, status: "closed" },
      );
    }
  }
  return { status: 200, body };
}
