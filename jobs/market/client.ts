import type { ZodType } from "zod";
import { PermanentError } from "../orchestrator/errors.ts";
import { requireTicker } from "./answers.ts";
import { type ApiCall, createTransport, type Fetch, type Transport } from "./http.ts";
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
 * says what to do; a CancelledError follows an abort. No error holds the key. Lists return all their pages.
 */
export type MarketClient = {
  /** The bars of the whole market in one session, unadjusted. An answer that says it is of something else is a RetryableError. */
  grouped(session: string, options?: CallOptions): Promise<RawAnswer<BarsEnvelope>>;
  /** The bars of one ticker from one session to another, unadjusted. */
  range(ticker: string, from: string, to: string, options?: CallOptions): Promise<RawAnswer<BarsEnvelope>[]>;
  /** Stock tickers that trade (`active`) or no longer do, as of a date where one is given. */
  tickers(request: { active: boolean; date?: string }, options?: CallOptions): Promise<RawAnswer[]>;
  /** Splits executed from one date to another. */
  splits(request: { fromDate: string; toDate?: string }, options?: CallOptions): Promise<RawAnswer[]>;
  /** Cash dividends by ex-dividend date. */
  dividends(request: { fromDate: string; toDate?: string }, options?: CallOptions): Promise<RawAnswer[]>;
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
  /** Stops every call. */
  signal?: AbortSignal;
  /** Is told of every try of a call. */
  observe?: (call: ApiCall) => void;
};

const rangeLimit = "50000";
const tickersLimit = "1000";
const eventsLimit = "5000";

/** A list that goes on past this never ends. */
const longestList = 10_000;

/** Builds a client of the API under `baseUrl`; makes no call yet. */
export function createMarketClient(options: MarketClientOptions): MarketClient {
  const redact = createRedactor(options.apiKey);
  const transport = createTransport(options, redact);
  const base = new URL(options.baseUrl);
  const { page, pages } = createPager(transport, base.origin, redact);

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
    range: async (ticker, from, to, call) => {
      const path = `/v2/aggs/ticker/${encodeURIComponent(ticker)}/range/1/day/${from}/${to}`;
      const url = urlOf(path, { adjusted: "false", sort: "asc", limit: rangeLimit });
      const answers = await pages(url, barsEnvelope, call);
      return answers.map((answer) => requireTicker(answer, ticker, redact));
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

/** Gets one page of a list, or all of them. */
function createPager(transport: Transport, origin: string, redact: Redact) {
  async function page<T extends ListEnvelope>(url: URL, schema: ZodType<T>, call?: CallOptions): Promise<RawAnswer<T>> {
    const received = await transport(url, schema, call?.signal);
    const { request_id: requestId, results } = received.answer;
    return { ...received, requestId, resultsCount: results?.length ?? 0 };
  }

  async function pages<T extends ListEnvelope>(
    first: URL,
    schema: ZodType<T>,
    call?: CallOptions,
  ): Promise<RawAnswer<T>[]> {
    const answers: RawAnswer<T>[] = [];
    const seen = new Set<string>();
    let url: URL | undefined = first;
    while (url) {
      if (seen.has(url.href) || seen.size >= longestList) {
        throw new PermanentError(`The market API's list does not end (${redact(first.pathname)}).`);
      }
      seen.add(url.href);
      const answer: RawAnswer<T> = await page(url, schema, call);
      answers.push(answer);
      url = nextOf(answer.answer, origin, redact);
    }
    return answers;
  }

  return { page, pages };
}

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
