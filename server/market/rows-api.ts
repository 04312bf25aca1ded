import type { z } from "zod";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import type { TableColumn, TableRow, TableValue } from "../http/tables/table.ts";
import { readPage, readRowsTable, refuseUnready } from "./rows-read.ts";
import { barsAnswer, barsQuery, factsAnswer, factsQuery } from "./rows-schemas.ts";
import { barSource, factSource } from "./rows-source.ts";

const toJson = (value: TableValue, { kind }: TableColumn): TableValue =>
  kind === "decimal" && value !== null ? Number(value) : value;

/** A row as an object. A number of JSON is a double to who reads it, but for NDJSON, which has all digits. */
const toObject = (columns: readonly TableColumn[]) => (row: TableRow) =>
  Object.fromEntries(columns.map((column, index) => [column.name, toJson(row[index] ?? null, column)]));

const paging =
  "Pages are of one build: a cursor is refused with 410 once another is published, as a split in between would bend a series that is joined of both.";

export const rowOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/bars",
    summary: "Published daily bars of many tickers, by ticker in the order asked for, and then by session",
    description: paging,
    request: { query: barsQuery },
    answers: { 200: { description: "A page of bars.", schema: barsAnswer } },
    published: ({ query }) => ({ rawBars: !query.adjusted }),
    handle: async ({ query }, context) => {
      await refuseUnready(context, query);
      const source = barSource(context, query.adjusted);
      const { rows, ...page } = await readPage(context, query, source);
      const bars = rows.map(toObject(source.columns));
      return answer(200, { ...page, bars: bars as z.input<typeof barsAnswer>["bars"] });
    },
    table: async ({ query }, context) => {
      await refuseUnready(context, query);
      return await readRowsTable(context, query, barSource(context, query.adjusted));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/facts",
    summary: "Any columns of the fact table and of your own models, of many tickers by session",
    description: paging,
    request: { query: factsQuery },
    answers: { 200: { description: "A page of facts.", schema: factsAnswer } },
    published: () => ({ workspace: true }),
    handle: async ({ query }, context) => {
      await refuseUnready(context, query);
      const source = await factSource(context, query.columns);
      const { rows, ...page } = await readPage(context, query, source);
      const facts = rows.map(toObject(source.columns));
      return answer(200, { ...page, facts: facts as z.input<typeof factsAnswer>["facts"] });
    },
    table: async ({ query }, context) => {
      await refuseUnready(context, query);
      return await readRowsTable(context, query, await factSource(context, query.columns));
    },
  }),
];
