import { createServer, type ServerResponse } from "node:http";
import { demoApiKey, startDemoExchange } from "../../jobs/market/demo/server.ts";

/** What goes wrong with one answer. `slow` answers right, `slowMs` late. */
export type FaultKind = "500" | "502" | "429" | "reset" | "truncated" | "not json" | "slow";

type MarketRoute = "grouped" | "range" | "tickers" | "splits" | "dividends";

/** One call as it arrived. `subject` is the session of a grouped call, the ticker of a range. */
type MarketCall = {
  route: MarketRoute;
  path: string;
  subject: string;
  outcome: FaultKind | "refused" | "answered";
};

/** A row of bars in the vendor's wire format, or garbage in its place. */
export type WireRow = Record<string, unknown>;

/** The demo exchange behind a proxy that misbehaves on request; change its fields while it runs. */
export type FaultyMarket = {
  url: string;
  apiKey: string;
  /** Every call, in order. */
  calls: MarketCall[];
  /** Share of answers (of `routes`, where named) that go wrong, chosen by seed, path and how often it was asked. */
  faults: { rate: number; kinds: FaultKind[]; slowMs: number; routes?: MarketRoute[] };
  /** While set, every call to one of `routes` (all where left out) is refused with this status and message. */
  refusal: { status: number; message: string; routes?: MarketRoute[] } | undefined;
  /** Sessions whose grouped answers hold no bar. */
  emptySessions: Set<string>;
  /** Rewrites the bars of each answer; called with what `rowOf` needs to tell them apart. */
  revise: ((rows: WireRow[], about: { route: "grouped" | "range"; subject: string }) => WireRow[]) | undefined;
  /** What the envelope of an answer says instead. */
  relabel: ((about: { route: "grouped" | "range"; subject: string }) => Record<string, unknown>) | undefined;
  /** Rewrites the rows of each page of a list. */
  reviseList: ((rows: WireRow[], route: "tickers" | "splits" | "dividends") => WireRow[]) | undefined;
  /** The bodies last answered, by path, byte for byte. */
  served: Map<string, Uint8Array>;
  /** From now on answers to grouped calls wait, but for the first `more`: what a test interrupts is certain to be at work. */
  hold(more?: number): void;
  /** Lets so many of the answers that wait, or will, go out; all of them where left out. */
  release(count?: number): void;
  /** How many answers wait. */
  held(): number;
  countOf(route: MarketRoute): number;
  /** Sessions of grouped calls, as often as they were called for, in order of date. */
  calledSessions(): string[];
  stop(): Promise<void>;
};

export const allFaults: FaultKind[] = ["500", "502", "429", "reset", "truncated", "not json", "slow"];

const paths: [MarketRoute, RegExp][] = [
  ["grouped", /^\/v2\/aggs\/grouped\/locale\/us\/market\/stocks\/([^/]+)$/],
  ["range", /^\/v2\/aggs\/ticker\/([^/]+)\/range\//],
  ["tickers", /^\/v3\/reference\/tickers$/],
  ["splits", /^\/stocks\/v1\/splits$/],
  ["dividends", /^\/stocks\/v1\/dividends$/],
];

/** Starts a market of `tickers` securities on a free port. */
export async function startFaultyMarket(options: {
  tickers: number;
  seed?: number;
  now?: () => Date;
  isFirstLook?: boolean;
}): Promise<FaultyMarket> {
  const { tickers, isFirstLook = false, now = () => new Date() } = options;
  const demo = startDemoExchange({ now, tickers, isFirstLook });
  const asked = new Map<string, number>();
  const waiting = new Set<() => void>();
  let permits = Number.POSITIVE_INFINITY;
  const market: Omit<FaultyMarket, "url" | "stop"> = {
    apiKey: demoApiKey,
    calls: [],
    faults: { rate: 0, kinds: allFaults, slowMs: 50 },
    refusal: undefined,
    emptySessions: new Set(),
    revise: undefined,
    relabel: undefined,
    reviseList: undefined,
    served: new Map(),
    hold: (more = 0) => {
      permits = more;
    },
    held: () => waiting.size,
    release: (count = Number.POSITIVE_INFINITY) => {
      permits += count;
      for (const letGo of waiting) {
        if (permits <= 0) break;
        letGo();
      }
    },
    countOf: (route) => market.calls.filter((call) => call.route === route).length,
    calledSessions: () =>
      market.calls
        .filter((call) => call.route === "grouped")
        .map((call) => call.subject)
        .sort(),
  };

  /** Waits for a permit. Who asked and has gone since gives its own back, so that each goes to an answer that arrives. */
  const turnOf = async (response: ServerResponse): Promise<void> => {
    if (permits <= 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const letGo = () => {
        waiting.delete(letGo);
        permits -= 1;
        resolve();
      };
      waiting.add(letGo);
      response.on("close", () => {
        waiting.delete(letGo);
        resolve();
      });
      await promise;
    } else permits -= 1;
  };

  /** The fault of this call, the same in every run of the test. */
  const faultOf = (route: MarketRoute, path: string): FaultKind | undefined => {
    if (market.faults.routes?.includes(route) === false) return undefined;
    const times = (asked.get(path) ?? 0) + 1;
    asked.set(path, times);
    const draw = Number(Bun.hash(`${options.seed ?? 1} ${path} ${times}`) % 10_000n) / 10_000;
    if (draw >= market.faults.rate) return undefined;
    return market.faults.kinds[Math.floor((draw / market.faults.rate) * market.faults.kinds.length)];
  };

  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const [route, subject] = routeOf(path);
    const refusal = market.refusal;
    if (refusal && (refusal.routes ?? [route]).includes(route)) {
      market.calls.push({ route, path, subject, outcome: "refused" });
      send(response, refusal.status, JSON.stringify({ status: "NOT_AUTHORIZED", message: refusal.message }));
      return;
    }
    const fault = faultOf(route, path);
    market.calls.push({ route, path, subject, outcome: fault ?? "answered" });
    void (async () => {
      const answer = await fetch(`${demo.url}${path}`, {
        headers: { authorization: request.headers.authorization ?? "" },
      });
      const bytes = revised(market, route, subject, await answer.bytes(), new URL(demo.url).host, request.headers.host);
      if (route === "grouped") await turnOf(response);
      if (fault === "slow") await Bun.sleep(market.faults.slowMs);
      if (fault && fault !== "slow") return misbehave(response, fault, bytes);
      market.served.set(path, bytes);
      send(response, answer.status, bytes);
    })().catch(() => response.destroy());
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
  const stop = async () => {
    market.release();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await demo.stop();
  };
  return Object.assign(market, { url: `http://127.0.0.1:${port}`, stop });
}

function routeOf(path: string): [MarketRoute, string] {
  const { pathname } = new URL(path, "http://market");
  for (const [route, pattern] of paths) {
    const match = pattern.exec(pathname);
    if (match) return [route, decodeURIComponent(match[1] ?? "")];
  }
  throw new Error(`The pipeline asked for ${path}, which no route of the market answers.`);
}

function send(response: ServerResponse, status: number, body: string | Uint8Array): void {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.byteLength });
  response.end(bytes);
}

function misbehave(response: ServerResponse, fault: Exclude<FaultKind, "slow">, bytes: Uint8Array): void {
  switch (fault) {
    case "500":
    case "502":
      send(response, Number(fault), "<html>It is not you, it is us.</html>");
      return;
    case "429":
      response.setHeader("retry-after", "0");
      send(response, 429, '{"status":"ERROR","error":"You have exceeded the maximum requests per minute."}');
      return;
    case "reset":
      response.socket?.destroy();
      return;
    case "truncated":
      response.writeHead(200, { "content-length": bytes.byteLength });
      response.write(bytes.subarray(0, bytes.byteLength >> 1), () => response.socket?.destroy());
      return;
    case "not json":
      send(response, 200, "Service temporarily rerouted");
      return;
    default:
      fault satisfies never;
  }
}

/** What the test made of an answer; the bytes as they came where it made nothing of them. */
function revised(
  market: Pick<FaultyMarket, "emptySessions" | "revise" | "relabel" | "reviseList">,
  route: MarketRoute,
  subject: string,
  bytes: Uint8Array,
  demoHost: string,
  ownHost = "",
): Uint8Array {
  const isBars = route === "grouped" || route === "range";
  if (isBars && (market.revise || market.relabel || (route === "grouped" && market.emptySessions.has(subject)))) {
    const body = JSON.parse(new TextDecoder().decode(bytes));
    const rows = market.emptySessions.has(subject)
      ? []
      : (market.revise?.(body.results ?? [], { route, subject }) ?? body.results);
    const { results: _, ...rest } = body;
    const counts = { queryCount: rows.length, resultsCount: rows.length, count: rows.length };
    const label = market.relabel?.({ route, subject });
    const envelope = { ...rest, ...label, ...counts, ...(rows.length > 0 && { results: rows }) };
    return new TextEncoder().encode(JSON.stringify(envelope));
  }
  if (route !== "grouped" && route !== "range" && market.reviseList) {
    const { results, ...rest } = JSON.parse(new TextDecoder().decode(bytes));
    bytes = new TextEncoder().encode(JSON.stringify({ ...rest, results: market.reviseList(results ?? [], route) }));
  }
  const text = new TextDecoder().decode(bytes);
  // A next page is asked of this server too.
  return text.includes(demoHost) ? new TextEncoder().encode(text.replaceAll(demoHost, ownHost)) : bytes;
}
