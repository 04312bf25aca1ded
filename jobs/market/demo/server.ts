import { newYorkDate, settledSessions } from "../calendar.ts";
import { createDemoExchange, type DemoExchange, firstDemoDate } from "./exchange.ts";
import { answerDemoRequest, type DemoAnswer, type DemoMoment } from "./routes.ts";

/** The one key that the demo exchange accepts. */
export const demoApiKey = "demo";

/** A seed whose market had good years and bad ones: plausible charts, and some of every corporate event each year. */
export const defaultDemoSeed = "7";

/** A running demo exchange; `url` is what the client's baseUrl wants. */
export type DemoServer = { url: string; stop(): Promise<void> };

export type DemoServerOptions = {
  seed?: string;
  /** 0: any free port. */
  port?: number;
  now: () => Date;
  /** How many securities; fewer make a smaller, otherwise equal market. */
  tickers?: number;
  /**
   * Whether who asks is there for the first time. Then each of the last sessions is told as at first, once, and corrected when it is asked for
   * again: what otherwise takes days is there to be looked at.
   */
  isFirstLook?: boolean;
};

/** As many as a first start checks again. */
const firstLookSessions = 6;

/**
 * Serves a simulated market on loopback in the vendor's wire format. Every name ends with "(simulated)". Sessions whose data
 * has not settled at `now` are empty, and so is everything before 2015-01-02. What is said of the session that settled last is
 * now and then corrected once the next one has settled.
 */
export function startDemoExchange(options: DemoServerOptions): DemoServer {
  let exchange: { untilYear: number; market: DemoExchange } | undefined;
  let requests = 0;
  const hasty = new Set(
    options.isFirstLook ? settledSessions(firstDemoDate, options.now()).slice(-firstLookSessions) : [],
  );

  /** A new year makes the paths longer; what was simulated before stays as it was. */
  function exchangeOf(untilYear: number): DemoExchange {
    if (exchange?.untilYear !== untilYear) {
      const { seed = defaultDemoSeed, tickers } = options;
      const market = createDemoExchange({ seed, untilYear, ...(tickers === undefined ? {} : { tickers }) });
      exchange = { untilYear, market };
    }
    return exchange.market;
  }

  function answer(request: Request): DemoAnswer {
    requests += 1;
    const url = new URL(request.url);
    const requestId = `demo-${requests}`;
    const key = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? url.searchParams.get("apiKey");
    if (key !== demoApiKey) {
      return {
        status: 401,
        body: { status: "ERROR", request_id: requestId, error: key ? "Unknown API Key" : "API Key was not provided" },
      };
    }
    const now = options.now();
    const today = newYorkDate(now);
    const settled = settledSessions(firstDemoDate, now).at(-1) ?? "";
    const moment: DemoMoment = {
      exchange: exchangeOf(Number(today.slice(0, 4))),
      settled,
      today,
      requestId,
      isFirstAnswer: (date) => hasty.delete(date) || date === settled,
    };
    return answerDemoRequest(url, moment);
  }

  const server = Bun.serve({
    hostname: "127.0.0.1",
    development: false,
    port: options.port ?? 0,
    fetch(request) {
      const { status, body } = answer(request);
      return Response.json(body, { status });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}
