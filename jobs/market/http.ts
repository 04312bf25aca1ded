import type { ZodType } from "zod";
import { fetchBy, type Proxies } from "../network/proxy.ts";
import { PermanentError, RetryableError } from "../orchestrator/errors.ts";
import { readBody } from "./body.ts";
import { cancelledFailure, marketErrorCodes, networkFailure, statusFailure } from "./failures.ts";
import { type Limiter, sleep as realSleep, type Sleep } from "./rate.ts";
import { createAnswerRedactor, type Redact } from "./redact.ts";

/** The part of fetch that is used; tests inject theirs. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How often one call is tried before its task is told to try again later. */
export const triesPerCall = 6;
/** The longest first wait; each further one may be twice as long. */
export const backoffBaseMs = 500;
/** No backoff is longer than this. */
export const backoffLimitMs = 30_000;
/** A longer wait than this is left to the orchestrator, which frees the worker meanwhile. */
const longestWaitMs = 90_000;
/** A whole-market answer is 1.3 MB: slow lines need their time. */
const defaultTimeoutMs = 30_000;
/** An error says why in its first words. */
const errorBytes = 64_000;

/** One complete answer that passed its schema; `redacted` where the body held the key, which is blanked in it. */
type Received<T> = {
  path: string;
  body: Uint8Array<ArrayBuffer>;
  redacted: boolean;
  receivedAt: Date;
  answer: T;
};

/** Gets a URL and checks the answer against a schema, with limiter, timeout and retries. */
export type Transport = <T>(url: URL, schema: ZodType<T>, signal?: AbortSignal) => Promise<Received<T>>;

/** One try of a call, as metrics count it. A wait for the rate limit is not part of it. */
export type ApiCall = { endpoint: string; outcome: CallOutcome; seconds: number };

/** `refused`: the API will not answer this for good; `failed`: no usable answer, tried again. */
type CallOutcome = "success" | "rate_limited" | "refused" | "failed" | "cancelled";

type TransportOptions = {
  apiKey: string;
  limiter: Limiter;
  fetch?: Fetch;
  now?: () => Date;
  random?: () => number;
  sleep?: Sleep;
  timeoutMs?: number;
  signal?: AbortSignal;
  proxies?: Proxies;
  /** What one answer may have, unpacked. */
  pageBytes: number;
  /** Is told of every try. */
  observe?: (call: ApiCall) => void;
};

/** The HTTP side of the client: the key travels in the Authorization header only, and redirects are not followed. */
export function createTransport(options: TransportOptions, redact: Redact): Transport {
  const { limiter, now = () => new Date(), random = Math.random, sleep = realSleep } = options;
  const { fetch: send = fetch, timeoutMs = defaultTimeoutMs } = options;
  const redactAnswer = createAnswerRedactor(options.apiKey);

  async function tryOnce<T>(url: URL, path: string, schema: ZodType<T>, stop: AbortSignal): Promise<Received<T>> {
    const request = {
      headers: { accept: "application/json", authorization: `Bearer ${options.apiKey}` },
      redirect: "manual" as const,
      signal: AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]),
      ...(options.proxies && fetchBy(url, options.proxies)),
    };
    let response: Response;
    let body: Uint8Array<ArrayBuffer>;
    let whole: boolean;
    try {
      response = await send(url.href, request);
      const limit = response.status === 200 ? options.pageBytes : errorBytes;
      ({ bytes: body, whole } = await readBody(response, limit));
    } catch (error) {
      throw networkFailure(path, error, redact);
    }
    const { status, headers } = response;
    if (status !== 200)
      throw statusFailure({ status, headers, text: new TextDecoder().decode(body) }, path, redact, now());
    if (!whole) throw tooLarge("page", options.pageBytes, path);
    refuseCutOff(headers, body, path);
    const text = textOf(body, path);
    const clean = redactAnswer(text);
    return {
      path,
      body: clean === text ? body : new TextEncoder().encode(clean),
      redacted: clean !== text,
      receivedAt: now(),
      answer: checked(clean, path, schema, redact),
    };
  }

  return async (url, schema, signal) => {
    const path = redact(`${url.pathname}${url.search}`);
    const stop = AbortSignal.any([signal, options.signal].filter((one) => one !== undefined));
    for (let tries = 1; ; tries += 1) {
      try {
        await limiter.acquire(stop);
        return await observed(options, url, stop, () => tryOnce(url, path, schema, stop));
      } catch (error) {
        if (stop.aborted) throw cancelledFailure(path);
        if (!(error instanceof RetryableError)) throw error;
        const waitMs = Math.max(error.retryAfterMs ?? 0, backoff(tries, random));
        if (tries >= triesPerCall || waitMs > longestWaitMs) throw error;
        await sleep(waitMs, stop).catch(() => {
          throw cancelledFailure(path);
        });
      }
    }
  };
}

/** Does `work`, one try of a call, and tells how it went. */
async function observed<T>(
  { observe }: TransportOptions,
  url: URL,
  stop: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const tell = (outcome: CallOutcome) =>
    observe?.({ endpoint: endpointOf(url), outcome, seconds: (performance.now() - started) / 1000 });
  try {
    const answer = await work();
    tell("success");
    return answer;
  } catch (error) {
    tell(stop.aborted ? "cancelled" : outcomeOf(error));
    throw error;
  }
}

function outcomeOf(error: unknown): CallOutcome {
  if (!(error instanceof RetryableError)) return "refused";
  return error.code === marketErrorCodes.rateLimited ? "rate_limited" : "failed";
}

/** The kinds of call there are, by what their paths hold; the paths themselves are without number. */
const endpoints = ["grouped", "range", "tickers", "splits", "dividends", "marketstatus"];

const endpointOf = ({ pathname }: URL): string => endpoints.find((name) => pathname.includes(`/${name}`)) ?? "other";

/** Exponential backoff with full jitter: many workers that failed together do not come back together. */
function backoff(tries: number, random: () => number): number {
  return random() * Math.min(backoffLimitMs, backoffBaseMs * 2 ** (tries - 1));
}

/** The error of an answer that was not read to its end. Another try would get the same one. */
export function tooLarge(what: "page" | "list", limitBytes: number, path: string): PermanentError {
  const [named, rest] =
    what === "page" ? ["an answer", "It was not read to its end"] : ["a list", "No further page was asked for"];
  return new PermanentError(`The market API sent ${named} of more than ${limitBytes / 1e6} MB (${path}). ${rest}.`, {
    advice:
      "The whole market in one session has 1.3 MB: see what POLYGON_BASE_URL leads to. If such an answer is right, raise MAX_ANSWER_MB.",
  });
}

/** Not every runtime notices a connection that closed early. A compressed body's length is another one's. */
function refuseCutOff(headers: Headers, body: Uint8Array, path: string): void {
  const announced = headers.get("content-length");
  if (announced === null || headers.has("content-encoding") || Number(announced) === body.byteLength) return;
  throw new RetryableError(
    `The market API's answer broke off after ${body.byteLength} of ${announced} bytes (${path}).`,
  );
}

function textOf(body: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw notJson(path);
  }
}

const notJson = (path: string) => new RetryableError(`The market API's answer is not JSON (${path}).`);

function checked<T>(text: string, path: string, schema: ZodType<T>, redact: Redact): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw notJson(path);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RetryableError(
    `The market API's answer has an unexpected form (${path}): ${redact(`${issue?.path.join(".")}: ${issue?.message}`)}`,
  );
}
