import type { ZodType } from "zod";
import type { Proxies } from "../network/proxy.ts";
import { PermanentError } from "../orchestrator/errors.ts";
import { requireTicker } from "./answers.ts";
import { answerLimits, defaultAnswerMegabytes } from "./body.ts";
import { type ApiCall, createTransport, type Fetch, type Transport, tooLarge } from "./http.ts";
import type { Limiter, Sleep } from "./rate.ts";
import { createRedactor, type Redact } from "./redact.ts";
import {
  type BarsEnvelope,
  barsEnvelope,
  type ListEnvelope,
  listEnvelope,
  type UpcomingHolidays,
  upcomingHolidays,
} from "./wire.ts";

/**
 * One checked answer: the body is byte for byte what the API sent (decompressed), but for the key where the API repeats it, which is
 * blanked; `redacted` says so. The path never holds the key.
 */
export type RawAnswer<T = ListEnvelope> = {
  path: string;
  body: Uint8Array<ArrayBuffer>;
  redacted: boolean;
  requestId: string | undefined;
  resultsCount: number;
  receivedAt: Date;
  answer: T;
};

type CallOptions = { signal?: AbortSignal };

/**
 * The vendor's REST API. Calls wait for the limiter, retry what may pass, and then throw a RetryableError; a PermanentError
 * says what to do; a CancelledError follows an abort. No error holds the key. Lists give their pages as they come, and ask for the next
 * when it is wanted.
 */
export type MarketClient = {
  /** The bars of the whole market in one session, unadjusted. An answer that says it is of something else is a RetryableError. */
  grouped(session: string, options?: CallOptions): Promise<RawAnswer<BarsEnvelope>>;
  /** The bars of one ticker from one session to another, unadjusted. */
  range(ticker: string, from: string, to: string, options?: CallOptions): AsyncIterable<RawAnswer<BarsEnvelope>>;
  /** Stock tickers that trade (`active`) or no longer do, as of a date where one is given. */
  tickers(request: { active: boolean; date?: string }, options?: CallOptions): AsyncIterable<RawAnswer>;
  /** Splits executed from one date to another. */
  splits(request: { fromDate: string; toDate?: string }, options?: CallOptions): AsyncIterable<RawAnswer>;
  /** Cash dividends by ex-dividend date. */
  dividends(request: { fromDate: string; toDate?: string }, options?: CallOptions): AsyncIterable<RawAnswer>;
  /** Closures and early closes ahead, as the vendor sees them. */
  upcomingHolidays(options?: CallOptions): Promise<UpcomingHolidays>;
};

export type MarketClientOptions = {
  baseUrl: string;
  apiKey: string;
  limiter: Limiter;
  fetch?: Fetch;
  now?: () => Date;
  /** From 0 up to 1; spreads the retries. */
  random?: () => number;
  sleep?: Sleep;
  /** How long one try may take, its body included. */
  timeoutMs?: number;
  /** What an answer may have in all its pages, unpacked, in megabytes; a page about a third of it. 200 unless told. */
  maxAnswerMegabytes?: number;
  /** What the API is reached through; where left out, what the environment says. */
  proxies?: Proxies;
  /** Stops every call. */
  signal?: AbortSignal;
  /** Is told of every try of a call. */
  observe?: (call: ApiCall) => void;
};

const rangeLimit = "50000";
const tickersLimit = "1000";
const eventsLimit = "5000";

/** A list that goes on past so many pages never ends: that of every ticker there ever was has some thirty, that of all dividends sixty. */
export const longestList = 1_000;

/** Builds a client of the API under `baseUrl`; makes no call yet. */
export function createMarketClient(options: MarketClientOptions): MarketClient {
  const redact = createRedactor(options.apiKey);
  const { answerBytes, pageBytes } = answerLimits(options.maxAnswerMegabytes ?? defaultAnswerMegabytes);
  const transport = createTransport({ ...options, pageBytes }, redact);
  const base = new URL(options.baseUrl);
  const { page, pages } = createPager({ transport, origin: base.origin, answerBytes, redact });

  function urlOf(path: string, query: Record<string, string | undefined>): URL {
    const url = new URL(`${base.pathname.replace(/\/$/, "")}${path}`, base);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    return url;
  }

  return {
    grouped: async (session, call) => {
      const url = urlOf(`/v2/aggs/grouped/locale/us/market/stocks/${session}`, { adjusted: "false" });
      return requireTicker(await page(url, barsEnvelope, call), null, redact);
    },
    range: async function* (ticker, from, to, call) {
      const path = `/v2/aggs/ticker/${encodeURIComponent(ticker)}/range/1/day/${from}/${to}`;
      const url = urlOf(path, { adjusted: "false", sort: "asc", limit: rangeLimit });
      for await (const answer of pages(url, barsEnvelope, call)) yield requireTicker(answer, ticker, redact);
    },
    tickers: ({ active, date }, call) => {
      const query = {
        market: "stocks",
        active: String(active),
        date,
        sort: "ticker",
        order: "asc",
        limit: tickersLimit,
      };
      return pages(urlOf("/v3/reference/tickers", query), listEnvelope, call);
    },
    splits: ({ fromDate, toDate }, call) => {
      const query = { "execution_date.gte": fromDate, "execution_date.lte": toDate, limit: eventsLimit };
      return pages(urlOf("/stocks/v1/splits", query), listEnvelope, call);
    },
    dividends: ({ fromDate, toDate }, call) => {
      const query = { "ex_dividend_date.gte": fromDate, "ex_dividend_date.lte": toDate, limit: eventsLimit };
      return pages(urlOf("/stocks/v1/dividends", query), listEnvelope, call);
    },
    upcomingHolidays: async (call) =>
      (await transport(urlOf("/v1/marketstatus/upcoming", {}), upcomingHolidays, call?.signal)).answer,
  };
}

type PagerOptions = { transport: Transport; origin: string; answerBytes: number; redact: Redact };

/** Gets one page of a list, or all of them one after the other. */
function createPager({ transport, origin, answerBytes, redact }: PagerOptions) {
  async function page<T extends ListEnvelope>(url: URL, schema: ZodType<T>, call?: CallOptions): Promise<RawAnswer<T>> {
    const received = await transport(url, schema, call?.signal);
    const { request_id: requestId, results } = received.answer;
    return { ...received, requestId, resultsCount: results?.length ?? 0 };
  }

  async function* pages<T extends ListEnvelope>(
    first: URL,
    schema: ZodType<T>,
    call?: CallOptions,
  ): AsyncGenerator<RawAnswer<T>, void> {
    const path = redact(first.pathname);
    const seen = new Set<string>();
    let bytes = 0;
    let url: URL | undefined = first;
    while (url) {
      if (seen.has(url.href)) throw endless(`leads back to a page that it began with or went through (${path})`);
      if (seen.size >= longestList) throw endless(`goes on after ${longestList} pages (${path})`);
      seen.add(url.href);
      const answer: RawAnswer<T> = await page(url, schema, call);
      bytes += answer.body.byteLength;
      if (bytes > answerBytes) throw tooLarge("list", answerBytes, path);
      yield answer;
      url = nextOf(answer.answer, origin, redact);
    }
  }

  return { page, pages };
}

const endless = (what: string) =>
  new PermanentError(`The market API's list does not end: it ${what}.`, {
    advice: "No further page was asked for. Retry the run; if it goes on, tell the vendor.",
  });

/** Where `next_url` leads, without the key, which some answers repeat in it. Never off the base URL's own origin. */
function nextOf(answer: ListEnvelope, origin: string, redact: Redact): URL | undefined {
  if (answer.next_url === undefined || answer.next_url === null) return undefined;
  const next = new URL(answer.next_url);
  if (next.origin !== origin) {
    throw new PermanentError(`The market API's next page is on another origin, ${redact(next.origin)}.`, {
      advice: `The key is sent to ${origin} only. If the API moved, set POLYGON_BASE_URL to its new address.`,
    });
  }
  for (const name of [...next.searchParams.keys()]) if (/^api_?key$/i.test(name)) next.searchParams.delete(name);
  return next;
}
