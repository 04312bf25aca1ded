import type { FactRange, FactRow } from "../../db/queries/market/read-facts.ts";
import { countFacts } from "../../db/queries/market/read-facts.ts";
import { selectAskedHolders } from "../../db/queries/market/read-holders.ts";
import { hasMart } from "../../db/queries/market/read-warehouse.ts";
import type { AppContext } from "../context.ts";
import { HttpError } from "../http/errors.ts";
import { type PublishedParts, readBuild } from "../http/published.ts";
import type { DecimalSize, Table, TableColumn } from "../http/tables/table.ts";
import { type HeldRange, type Place, publishedAnew, type ReadPart, readHeldRows, readOfGroups } from "./held-rows.ts";
import { readCursor, writeCursor } from "./row-cursor.ts";
import { type RowsQuery, usualPage } from "./rows-schemas.ts";

/** What rows are read, and how. */
export type RowSource = {
  name: string;
  columns: readonly TableColumn[];
  /** What they are made of. */
  parts: PublishedParts;
  read: ReadPart;
  /** The largest decimals of each column in a part of the range; null of other columns. */
  sizes(part: FactRange): Promise<(DecimalSize | null)[]>;
};

type Asked = { range: HeldRange; build: string; today: string; check(): Promise<void>; after: Place | null };

const furthestListed = 5;

/** Whose bars a request asks for, and from where on; errors say what is not there. */
async function readAsked(context: AppContext, query: RowsQuery, source: RowSource, field: string): Promise<Asked> {
  const { parts } = source;
  const { from = null, to = null, tickers } = query;
  const build = await readBuild(context, parts);
  const holders = await selectAskedHolders(context.read, tickers, query.label === "exact");
  const unknown = holders.filter(({ hasBars }) => !hasBars).map(({ ticker }) => ticker);
  if (unknown.length > 0) {
    const more = unknown.length > furthestListed ? ` and ${unknown.length - furthestListed} more` : "";
    const list = unknown.slice(0, furthestListed).join(", ") + more;
    throw new HttpError(404, "not_found", `No bars of ${list} are published. Tickers are case-sensitive.`, {
      field,
    });
  }
  const after = query.cursor === undefined ? null : readCursor(query.cursor, { build, request: requestOf(query) });
  return {
    range: { holders, from, to, width: source.columns.length },
    ...{ build, after, today: context.now().toISOString().slice(0, 10) },
    async check() {
      if ((await readBuild(context, parts)) !== build) throw publishedAnew("Ask again.");
    },
  };
}

/** What has to stay the same from page to page. */
const requestOf = ({ limit: _, cursor: __, ...request }: RowsQuery) => request;

/** Refuses what asks for nothing, and says so before the first publication. */
export async function refuseUnready({ read }: AppContext, { from, to }: Pick<RowsQuery, "from" | "to">): Promise<void> {
  if (from !== undefined && to !== undefined && from > to)
    throw new HttpError(422, "invalid", `\`from\` (${from}) is after \`to\` (${to}).`, { field: "from" });
  if (!(await hasMart(read)))
    throw new HttpError(404, "not_found", "Nothing is published yet: the first transform has not ended.");
}

export type RowPage = { build: string; rows: FactRow[]; next: string | null };

/** One page of a request. */
export async function readPage(context: AppContext, query: RowsQuery, source: RowSource): Promise<RowPage> {
  return await pageOf(await readAsked(context, query, source, "tickers"), query, source);
}

async function pageOf(asked: Asked, query: RowsQuery, { read }: RowSource): Promise<RowPage> {
  const { range, build, today, check, after } = asked;
  const size = query.limit ?? usualPage;
  const rows: FactRow[] = [];
  for await (const part of readHeldRows(range, { today, after, read, check, limit: size + 1 })) rows.push(...part);
  const last = rows[size - 1];
  if (rows.length <= size || last === undefined) return { build, rows, next: null };
  const [ticker, , date] = last;
  const holder = range.holders.findIndex((one) => one.ticker === ticker);
  return {
    build,
    rows: rows.slice(0, size),
    next: writeCursor({ build, request: requestOf(query) }, { holder, date }),
  };
}

/** The rows of a request as a table: a page where one is asked for, else all of them as they are read. `field` names the tickers in errors. */
export async function readRowsTable(
  context: AppContext,
  query: RowsQuery,
  source: RowSource,
  field = "tickers",
): Promise<Table> {
  const { name, columns, read, sizes } = source;
  const asked = await readAsked(context, query, source, field);
  const { range, today, check, after } = asked;
  const decimals = async () => largest(await readOfGroups(range, today, sizes));
  if (query.limit !== undefined) {
    const { rows, next } = await pageOf(asked, query, source);
    const batches = (async function* () {
      yield rows;
    })();
    return { name, columns, batches, count: async () => rows.length, decimals, next };
  }
  const limit = Number.MAX_SAFE_INTEGER;
  return {
    ...{ name, columns, decimals },
    batches: readHeldRows(range, { today, after, read, check, limit }),
    async count() {
      const counts = await readOfGroups(range, today, (part) => countFacts(context.read, part));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** Of each column the largest of all parts. */
const largest = (sizes: readonly (readonly (DecimalSize | null)[])[]): (DecimalSize | null)[] =>
  (sizes[0] ?? []).map((size, column) => {
    const all = sizes.flatMap((part) => part[column] ?? []);
    return (
      size && {
        digits: Math.max(...all.map(({ digits }) => digits)),
        scale: Math.max(...all.map(({ scale }) => scale)),
      }
    );
  });
