import { z } from "zod";
import { selectBreadth } from "../../db/queries/market/read-breadth.ts";
import { type IndicatorColumn, indicatorColumns, isIndicator } from "../../db/queries/market/read-screen-columns.ts";
import { type Bound, type SortColumn, selectSessionAt } from "../../db/queries/market/read-screener.ts";
import { selectUniverse } from "../../db/queries/market/read-universe.ts";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { booleanInUrl, count, date, dateInput, numberInUrl, textInUrl } from "../http/schemas.ts";
import { quarantinedAnswer, toQuarantined } from "./bar-schemas.ts";
import { hasMarket } from "./market-page.ts";
import { defaultColumns, defaultSort, indicatorOf } from "./screener-indicators.ts";
import { type Available, answerScreen, readAvailable, readSession, whyMissing } from "./screener-read.ts";
import { numberAllowed, parseAmount, parseColumns, parseSort } from "./screener-request.ts";

const shortText = textInUrl(0, 80, "has to be at most 80 characters, and none that control");

const amount = z
  .string()
  .transform((text, context) => {
    const value = parseAmount(text);
    if (value !== null) return value;
    context.addIssue({ code: "custom", message: numberAllowed });
    return z.NEVER;
  })
  .optional();

const describeBound = (column: IndicatorColumn, side: string) =>
  amount.meta({
    description: `${side} ${indicatorOf(column).label}: ${indicatorOf(column).hint}.`,
    override: { type: "number" },
  });

/** `rsi_14_min` and `rsi_14_max`, and so on for each indicator. */
const bounds = Object.fromEntries(
  indicatorColumns.flatMap((column) => [
    [`${column}_min`, describeBound(column, "Least")],
    [`${column}_max`, describeBound(column, "Most")],
  ]),
);

const oneColumn = `(${indicatorColumns.join("|")})`;
const columnList = z.string().transform((text, context) => {
  const { columns, unknown } = parseColumns(text);
  if (unknown.length === 0 && columns.length > 0) return columns;
  context.addIssue({
    code: "custom",
    message: `has to be columns separated by commas, of ${indicatorColumns.join(", ")}`,
  });
  return z.NEVER;
});

const sorting = z.string().transform((text, context) => {
  const sort = parseSort(text);
  if (sort) return sort;
  context.addIssue({
    code: "custom",
    message: "has to be a column, ticker, name or type; with - before it to descend",
  });
  return z.NEVER;
});

const notPublished = () =>
  new HttpError(404, "not_found", "Nothing is published yet: the first transform has not ended.");

const screenAnswer = z
  .strictObject({
    session: date.nullable().meta({ description: "The session shown; null where none is published until the date." }),
    matches: count,
    survivorship: z
      .strictObject({
        listed: count.meta({ description: "Tickers that match, whether they still trade or not." }),
        surviving: count.meta({ description: "Those of them with a bar in the newest session." }),
        medianReturn: z.number().nullable().meta({ description: "Median return since, until each ticker's last bar." }),
        medianReturnSurviving: z.number().nullable(),
      })
      .nullable()
      .meta({ description: "What became of a past session's tickers; null for the newest session." }),
    tickers: z.array(
      z.strictObject({
        ticker: z.string(),
        name: z.string().nullable(),
        type: z.string().nullable(),
        delistedOn: date.nullable(),
        stillTrades: z.boolean(),
        quarantined: quarantinedAnswer,
        values: z
          .record(z.string(), z.number().nullable())
          .meta({ description: "By column; fractions, not percents." }),
      }),
    ),
  })
  .meta({ id: "Screen" });

const breadthAnswer = z
  .strictObject({
    date,
    tickers: count,
    advancing: count,
    declining: count,
    unchanged: count,
    newHighs: count.nullable().meta({
      description:
        "Tickers whose high is the highest of their last 252 bars, of those with 252 before; null where there is none of those.",
    }),
    newLows: count.nullable(),
    above50: z.number().nullable().meta({ description: "Share of tickers whose close is above its average of 50." }),
    above200: z.number().nullable(),
    medianReturn: z.number().nullable(),
    dollarVolume: z.number(),
  })
  .meta({ id: "Breadth" });

const listedAnswer = z
  .strictObject({
    ticker: z.string(),
    name: z.string().nullable(),
    type: z.string().nullable(),
    firstDate: date.meta({ description: "Its first bar that is published." }),
    lastDate: date.meta({ description: "Its last bar that is published." }),
    delistedOn: date.nullable(),
  })
  .meta({ id: "ListedTicker" });

/** The bounds of a checked query, by column. */
function boundsOf(query: Record<string, unknown>): Bound[] {
  const sideOf = (name: string) => (typeof query[name] === "number" ? query[name] : null);
  return indicatorColumns
    .map((column) => ({ column, min: sideOf(`${column}_min`), max: sideOf(`${column}_max`) }))
    .filter(({ min, max }) => min !== null || max !== null);
}

/** The first of some columns that the session's table does not have is refused by name. */
function refuseMissing(columns: readonly SortColumn[], known: readonly string[], available: Available): void {
  const missing = columns.filter(isIndicator).find((column) => !known.includes(column));
  if (missing === undefined) return;
  throw new HttpError(422, "invalid", `\`${missing}\`: ${whyMissing(missing, available)}`, { field: missing });
}

type ScreenQuery = {
  q: string;
  type: string;
  date?: string | undefined;
  survivors: boolean;
  columns?: IndicatorColumn[] | undefined;
  sort?: ReturnType<typeof parseSort> | undefined;
  from: number;
  limit: number;
};

async function screen(context: ApiContext, query: ScreenQuery) {
  const available = await readAvailable(context);
  if (available === null) throw notPublished();
  const sessions = await readSession(context, query.date ?? null);
  if (sessions === null) throw notPublished();
  const { session, newest } = sessions;
  const known = session === newest ? available.latest : available.facts;
  const asked = boundsOf(query);
  const columns = query.columns ?? defaultColumns.filter((column) => known.includes(column));
  const sort = query.sort ?? defaultSort;
  refuseMissing([...columns, ...asked.map(({ column }) => column), sort.column], known, available);
  const request = {
    query: query.q.trim(),
    type: query.type,
    date: query.date ?? null,
    survivors: query.survivors,
    bounds: asked,
    columns,
    sort,
    from: query.from,
  };
  const result = await answerScreen(context, sessions, request, query.limit);
  return {
    session,
    matches: result.matches,
    survivorship:
      session === null || session === newest
        ? null
        : {
            listed: result.listed,
            surviving: result.surviving,
            medianReturn: result.medianLater,
            medianReturnSurviving: result.medianLaterSurviving,
          },
    tickers: result.rows.map(({ values, survives, quarantined, ...row }) => ({
      ...row,
      quarantined: toQuarantined(quarantined),
      stillTrades: survives,
      values: Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null])),
    })),
  };
}

export const screenerOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/screener",
    summary: "Tickers of a session by any indicator",
    description:
      "Every indicator is a column, a sort key, and a pair of bounds: `rsi_14_max=30`, `return_21d_min=0.1`. With a `date` of the past, those that were listed then, delisted since or not; some indicators are kept of newest bars only.",
    request: {
      query: z.strictObject({
        q: shortText.default("").meta({ description: "Part of a symbol or name.", override: { default: "" } }),
        type: shortText.default("").meta({ description: "The vendor's type code: CS, ETF …" }),
        date: dateInput.optional().meta({ description: "The session, or the last one before; the newest if absent." }),
        survivors: booleanInUrl.default(false).meta({
          description: "Of a past session, only tickers that still trade in the newest.",
          override: { default: false },
        }),
        columns: columnList.optional().meta({
          description: "Separated by commas.",
          override: { type: "string", pattern: `^${oneColumn}(,${oneColumn})*$` },
        }),
        sort: sorting.optional().meta({
          description: "`rsi_14`, or `-rsi_14` to descend.",
          override: { type: "string", pattern: `^-?(ticker|name|type|${indicatorColumns.join("|")})$` },
        }),
        from: numberInUrl(0, 1_000_000)
          .default(0)
          .meta({ override: { default: 0 } }),
        limit: numberInUrl(1, 20_000)
          .default(100)
          .meta({ override: { default: 100 } }),
        ...bounds,
      }),
    },
    answers: { 200: { description: "The tickers found.", schema: screenAnswer } },
    handle: async ({ query }, context) => answer(200, await screen(context, query as ScreenQuery)),
  }),
  defineOperation({
    method: "get",
    path: "/api/market/breadth",
    summary: "Advancing and declining tickers, new highs and lows, and shares above averages, by session",
    request: { query: z.strictObject({ from: dateInput.optional(), to: dateInput.optional() }) },
    answers: { 200: { description: "The sessions, oldest first.", schema: z.array(breadthAnswer) } },
    handle: async ({ query: { from = null, to = null } }, context) => {
      if (from !== null && to !== null && from > to) {
        throw new HttpError(422, "invalid", `\`from\` (${from}) is after \`to\` (${to}).`, { field: "from" });
      }
      if (!(await hasMarket(context))) throw notPublished();
      return answer(200, [...(await selectBreadth(context.read, from, to))]);
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/universe",
    summary: "The tickers that were listed in a session, delisted since or not",
    request: {
      query: z.strictObject({
        date: dateInput.optional().meta({ description: "The session, or the last one before; the newest if absent." }),
        type: shortText.optional(),
      }),
    },
    answers: {
      200: {
        description: "The tickers whose history spans the session, by symbol.",
        schema: z.strictObject({ session: date.nullable(), tickers: z.array(listedAnswer) }),
      },
    },
    handle: async ({ query: { date: day = null, type = null } }, context) => {
      if ((await readAvailable(context)) === null) throw notPublished();
      const session = await selectSessionAt(context.read, day);
      const tickers = session === null ? [] : [...(await selectUniverse(context.read, session, type || null))];
      return answer(200, { session, tickers });
    },
  }),
];
