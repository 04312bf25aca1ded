import { z } from "zod";
import { selectBreadth } from "../../db/queries/market/read-breadth.ts";
import { selectSessionAt } from "../../db/queries/market/read-screener.ts";
import { selectUniverse } from "../../db/queries/market/read-universe.ts";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { count, date, dateInput } from "../http/schemas.ts";
import { quarantinedAnswer, toQuarantined } from "./bar-schemas.ts";
import { hasMarket } from "./market-page.ts";
import { breadthTable, universeTable } from "./market-tables.ts";
import { defaultColumns, defaultSort, indicatorOf } from "./screener-indicators.ts";
import { filtersOf, type ScreenQuery, screenQuerySchema, shortText } from "./screener-query.ts";
import {
  type Available,
  answerScreen,
  knownIn,
  readAvailable,
  readSession,
  whyMissing,
  whyUnfiltered,
} from "./screener-read.ts";
import type { ColumnName, ScreenRequest } from "./screener-request.ts";
import { screenTable } from "./screener-table.ts";

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
        values: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]).nullable()).meta({
          description: "By column; fractions, not percents. Columns of your own models may be texts, true or false.",
        }),
      }),
    ),
  })
  .meta({ id: "Screen" });

const columnAnswer = z
  .strictObject({
    name: z.string().meta({ description: "As `columns`, `sort` and the names of filters take it.", example: "rsi_14" }),
    kind: z.enum(["number", "text", "boolean"]),
    model: z.string().nullable().meta({ description: "Of the workspace; null for an indicator." }),
    description: z.string(),
  })
  .meta({ id: "ScreenerColumn" });

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

/** The first of some columns that is not there, or is filtered as another kind would be, is refused by name. */
function refuseMissing(request: ScreenRequest, known: readonly ColumnName[], available: Available): void {
  const { bounds, choices, columns, sort } = request;
  const refuse = (column: string, why: string) => {
    throw new HttpError(422, "invalid", `\`${column}\`: ${why}`, { field: column });
  };
  const filters = [
    ...bounds.map(({ column }) => ({ column, part: "bound" as const })),
    ...choices.map(({ column }) => ({ column, part: "choice" as const })),
  ];
  const isKnown = (column: string) => (known as readonly string[]).includes(column);
  for (const column of [...columns, ...filters.map((filter) => filter.column), sort.column]) {
    if (column === "ticker" || column === "name" || column === "type") continue;
    if (!isKnown(column)) refuse(column, whyMissing(column, available));
  }
  for (const { column, part } of filters) {
    const why = whyUnfiltered(column, part, available);
    if (why !== null) refuse(column, why);
  }
}

const describeColumns = ({ latest, workspace }: Available): z.input<typeof columnAnswer>[] => [
  ...latest.map((name) => ({ name, kind: "number" as const, model: null, description: indicatorOf(name).hint })),
  ...[...workspace.values()].map(({ name, kind, description, relation }) => ({
    ...{ name, kind, description },
    model: relation.model,
  })),
];

async function screen(context: ApiContext, query: ScreenQuery) {
  const available = await readAvailable(context);
  if (available === null) throw notPublished();
  const sessions = await readSession(context, query.date ?? null);
  if (sessions === null) throw notPublished();
  const { session, newest } = sessions;
  const known = knownIn(sessions, available);
  const columns = query.columns ?? defaultColumns.filter((column) => known.includes(column));
  const request: ScreenRequest = {
    ...filtersOf(query),
    query: query.q.trim(),
    type: query.type,
    date: query.date ?? null,
    survivors: query.survivors,
    columns,
    sort: query.sort ?? defaultSort,
    from: query.from,
  };
  refuseMissing(request, known, available);
  const result = await answerScreen(context, sessions, request, { limit: query.limit, ...available });
  return { session, newest, columns, result, workspace: available.workspace };
}

type Found = Awaited<ReturnType<typeof screen>>;

function toAnswer({ session, newest, columns, result }: Omit<Found, "workspace">): z.input<typeof screenAnswer> {
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

async function readBreadth(context: ApiContext, query: { from?: string | undefined; to?: string | undefined }) {
  const { from = null, to = null } = query;
  if (from !== null && to !== null && from > to) {
    throw new HttpError(422, "invalid", `\`from\` (${from}) is after \`to\` (${to}).`, { field: "from" });
  }
  if (!(await hasMarket(context))) throw notPublished();
  return [...(await selectBreadth(context.read, from, to))];
}

async function readUniverse(context: ApiContext, query: { date?: string | undefined; type?: string | undefined }) {
  if ((await readAvailable(context)) === null) throw notPublished();
  const session = await selectSessionAt(context.read, query.date ?? null);
  const tickers = session === null ? [] : [...(await selectUniverse(context.read, session, query.type || null))];
  return { session, tickers };
}

export const screenerOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/screener",
    summary: "Tickers of a session by any indicator",
    description:
      "Every indicator is a column, a sort key, and a pair of bounds: `rsi_14_max=30`, `return_21d_min=0.1`. With a `date` of the past, those that were listed then, delisted since or not; some indicators are kept of newest bars only. So are columns of your own models, as `model.column`.",
    request: {
      query: screenQuerySchema,
    },
    answers: { 200: { description: "The tickers found.", schema: screenAnswer } },
    published: () => ({ workspace: true, quarantine: true }),
    handle: async ({ query }, context) => {
      const { session, newest, columns, result } = await screen(context, query as ScreenQuery);
      return answer(200, toAnswer({ session, newest, columns, result }));
    },
    table: async ({ query }, context) => {
      const { session, columns, workspace, result } = await screen(context, query as ScreenQuery);
      return screenTable(columns, workspace, { session, rows: result.rows });
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/screener/columns",
    summary: "What the screener can show, sort and filter by",
    description: "Indicators of the newest session, and the columns of your own models that are published.",
    answers: { 200: { description: "The columns.", schema: z.array(columnAnswer) } },
    handle: async (_, context) => {
      const available = await readAvailable(context);
      if (available === null) throw notPublished();
      return answer(200, describeColumns(available));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/market/breadth",
    summary: "Advancing and declining tickers, new highs and lows, and shares above averages, by session",
    request: { query: z.strictObject({ from: dateInput.optional(), to: dateInput.optional() }) },
    answers: { 200: { description: "The sessions, oldest first.", schema: z.array(breadthAnswer) } },
    published: () => ({}),
    handle: async ({ query }, context) => answer(200, await readBreadth(context, query)),
    table: async ({ query }, context) => breadthTable(await readBreadth(context, query)),
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
    published: () => ({}),
    handle: async ({ query }, context) => answer(200, await readUniverse(context, query)),
    table: async ({ query }, context) => {
      const { session, tickers } = await readUniverse(context, query);
      return universeTable(session, tickers);
    },
  }),
];
