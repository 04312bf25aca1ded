import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { type DescribedCall, describedCalls, type Sent } from "./described-requests.ts";
import { openWholeApp, type WholeApp } from "./whole-app.ts";

/** Cases for each call; `bun run test:soak` draws others and more. */
const numRuns = process.env.SOAK ? 500 : 10;
setDefaultTimeout(180_000 + numRuns * 6000);

/** What a schema cannot tell: how fields go together, and what only the data knows. A sentence of each. */
const meant = [
  /^The first date is after the last\.$/,
  /^`to` has to be `from` or later\.$/,
  /^`from` \(.*\) is after `to` \(.*\)\.$/,
  /^The range begins on \S+, after its end on \S+\.$/,
  // The calendar and the clock.
  /^\S+ is outside the trading calendar, which covers .*\.$/,
  /^\S+ is before the trading calendar begins, on \S+\.$/,
  /^\S+ is in the future: in New York it is \S+\.$/,
  /^The exchanges are closed on \S+\.$/,
  /^The data of \S+ settles at \S+\.$/,
  // Jobs differ in what they take.
  /^stocks_polygon_\w+ does not run by session(: leave the session out|, so it has no backfills)\.$/,
  /^A backfill of stocks_polygon_ingest runs from 1 to \d+ at a time\.$/,
  /^Grouped calls fetch the whole market: leave the tickers out, or choose per ticker\.$/,
  // What is there.
  /^No ticker ".*" is known\.$/,
  /^The market API does not list .*\. Tickers are case-sensitive\.$/,
  /^`\w+`: .* is kept of each ticker's newest bar only, not of past sessions\.$/,
  // Columns of the people's own models are known when they are asked for.
  /^`\w+\.\w+`: \w+\.\w+ is not there: .*\.$/,
  /^`\w+\.\w+_(min|max)` has to be a number such as .*\.$/,
  /^`columns`: \S+ is (not there|no column of a bar)[.:] .*$/s,
  /^`cursor` (has to be the `next` of an answer|is of another request: .*)\.$/,
  /^`(request\.)?dividends` from \S+ on have not been read yet: .*\.$/,
  /^`(request\.)?(from|to)` \(\S+\) leaves no bar: those of .* go from \S+ to \S+\.$/,
  /^From `from` to `to` there (is|are) \d+ sessions? of .*; with these parameters \w+ needs \d+: .*\.$/,
  /^`split.outOfSampleFrom` \(\S+\) leaves \d+ sessions? in sample and \d+ out of it; .*\.$/,
  /^`metric` has to be one of .*\.$/,
  /^`x` and `y` have to be parameters that were searched over: .*\.$/,
  // An alert is on one of two things, and what it compares depends on the column.
  /^An alert is either on a saved screen or on a ticker\.$/,
  /^A screen has its own filters; .*\.$/,
  /^There is no saved screen \d+\.$/,
  /^Leaving is told of screens\.$/,
  /^Say (which figure it is about|how it is compared|with what it is compared)\.$/,
  /^(A number is above or below a value, or crosses it|A text, or yes and no, equals a value|It is true or false)\.$/,
  /^It has to be a number such as .*\.$/,
  /^\w+\.\w+ is not there: .*\.$/,
  // A statement is more than its length.
  /^(Only queries are run here: |There is no statement|One statement is run at a time; ).*$/s,
  /^`id` or `key` is required\.$/,
  // Strategies differ in what they trade, and in their parameters.
  /^`(request\.)?ticker` is required\.$/,
  /^`(request\.)?\w+` has to be (given|left out|null|long|\{.*\}): \w+ (trades|chooses|leaves|sells|holds) .*\.$/,
  /^`(request\.)?params\..*` is not known; .*$/s,
  /^`(request\.)?params\.\w+` has to be (less|more) than \w+, which is .*\.$/,
];
const sentencesOf = (message: string) => message.split(/(?<=[.?]) (?=`)/);

const refused = new Set([400, 405, 413, 415, 422]);

/** What is in the database that has something. */
const known = ["TEN", "SPY", "GONE", "HALT", "2020-01-02", "2020-01-07", "2020-08-31", "2023-06-15", "2018-05-11"];

/** Bodies that are taken there, of calls whose fields have to go together. */
const examples: Record<string, Record<string, unknown>> = {
  "/api/jobs/{job}/runs": {},
  "/api/jobs/{job}/backfills": { from: "2023-06-15", to: "2023-06-16" },
  "/api/backtests": { ticker: "TEN", strategy: "momentum" },
  "/api/sweeps": { ticker: "TEN", strategy: "momentum", params: { shortWindow: [10, 20], longWindow: [40, 50] } },
  "/api/sql": { sql: "select ticker from source_polygon_tickers" },
  "/api/sql/queries": { name: "First", sql: "select 1" },
  "/api/data-alerts": { name: "Second", ticker: "TEN", column: "rsi_14", operator: "below", value: "30" },
  "/api/scenarios": { name: "Three", request: { ticker: "TEN", strategy: "buy_and_hold" } },
};

describe.each(["with a little of everything", "with nothing yet"])("every call, %s,", (state) => {
  let app: WholeApp;
  let calls: DescribedCall[];

  beforeAll(async () => {
    app = await openWholeApp({ isEmpty: state === "with nothing yet" });
    calls = await describedCalls(app);
  });
  afterAll(() => app.close());

  /** Sends what was drawn; whatever it is, the answer is one that the document describes, and no fault of ours. */
  async function answerTo(call: DescribedCall, sent: Sent) {
    const response = await call.send(app, sent);
    const { status } = response;
    const { method, template } = call;
    if (response.headers.has("Content-Disposition")) {
      // A table in another format, whose own tests read it.
      expect({ method, template, status, bytes: (await response.bytes()).length }).toMatchObject({ status: 200 });
      return { status, message: "" };
    }
    const body = (await response.json()) as { error?: { message: string } };
    expect({ method, template, status, isFault: status >= 500 }).toMatchObject({ isFault: false });
    expect({ method, template, status, misfit: call.misfit(status, body) }).toMatchObject({ misfit: undefined });
    return { status, message: body.error?.message ?? "" };
  }

  test("takes what the document calls valid, and answers as described", async () => {
    for (const call of calls) {
      const property = fc.asyncProperty(call.valid({ known, example: examples[call.template] }), async (sent) => {
        const { status, message } = await answerTo(call, sent);
        if (!refused.has(status)) return;
        expect(sentencesOf(message).filter((sentence) => !meant.some((form) => form.test(sentence)))).toEqual([]);
      });
      await fc.assert(property, { numRuns });
    }
    expect(app.logged.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("breaks at nothing that somebody may send, and answers as described", async () => {
    for (const call of calls) {
      const property = fc.asyncProperty(call.hostile(), async (sent) => void (await answerTo(call, sent)));
      await fc.assert(property, { numRuns });
    }
    expect(app.logged.filter(({ level }) => level === "error")).toEqual([]);
  });
});
