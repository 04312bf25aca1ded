import type { Context, Hono } from "hono";
import { answerTable } from "./answer.ts";
import { tableFormats } from "./formats.ts";
import type { Table } from "./table.ts";

/** Offers a table of a page under `path` with the extension of each format: `/screener.csv`, `/screener.xlsx` … */
export function addTableRoutes(routes: Hono, path: string, read: (c: Context) => Promise<Table>): void {
  for (const format of tableFormats)
    routes.get(`${path}.${format}`, async (c: Context) => answerTable(c, await read(c), format));
}
