import { expect } from "bun:test";
import { join } from "node:path";
import type { Sql } from "../../../db/client.ts";
import { type ExportManifest, readCurrent } from "../../../jobs/export/manifest.ts";
import { exportTables } from "../../../jobs/export/tables.ts";
import { openLake } from "../../../jobs/lake/open.ts";
import { askDuckDb } from "./parquet-reader.ts";

/** A lake in a folder, where DuckDB finds its files. */
export type Lake = { root: string; bucket: string };

/** Asserts that each table of the current build is what PostgreSQL has, value for value, as DuckDB reads it; answers the build. */
export async function expectSameRows(sql: Sql, lake: Lake): Promise<ExportManifest> {
  const current = await readCurrent(openLake({ kind: "folder", ...lake }));
  if (!current) throw new Error("There is no build.");
  for (const { table, schema, partitions, rows } of Object.values(current.tables)) {
    const { order = [], yearOf = null } = exportTables.find(({ name }) => name === table) ?? {};
    const files = partitions.flatMap((partition) =>
      partition.files.map(({ key }) => join(lake.root, lake.bucket, key)),
    );
    const source = `read_parquet(${JSON.stringify(files).replaceAll('"', "'")}, hive_partitioning = ${yearOf !== null})`;
    const types = await askDuckDb(
      `select column_name as name, column_type as type from (describe select * from ${source})`,
    );
    const wanted = schema.map(({ name, type }) => ({ name, type: duckTypes[type] ?? type.toUpperCase() }));
    expect(types).toEqual(yearOf === null ? wanted : [...wanted, { name: "year", type: "BIGINT" }]);
    const texts = schema.map(({ name, is }) =>
      is.kind === "timestamp" ? `epoch_us(${name})::text as ${name}` : `${name}::text as ${name}`,
    );
    const year = yearOf === null ? "count(*) >= 0" : `bool_and(year = extract(year from ${yearOf}))`;
    expect(await askDuckDb(`select ${year} as right from ${source}`)).toEqual([{ right: true }]);
    const found = await askDuckDb(`select ${texts.join(", ")} from ${source} order by ${order.join(", ")}`);
    const stored = await sql.unsafe(
      `select ${schema.map(({ name, is, type }) => storedText(name, is.kind, type)).join(", ")} from ${table}
      order by ${order.join(", ")}`,
    );
    expect(found.length).toBe(rows);
    expect(found).toEqual(stored.map((row) => ({ ...row })));
  }
  return current;
}

const duckTypes: Record<string, string> = { text: "VARCHAR", timestamp: "TIMESTAMP WITH TIME ZONE" };

function storedText(name: string, kind: string, type: string): string {
  if (kind === "timestamp") return `(extract(epoch from ${name}) * 1000000)::bigint::text as ${name}`;
  // Where it did not fit it would be rounded, and differ.
  return kind === "decimal" ? `${name}::${type}::text as ${name}` : `${name}::text as ${name}`;
}
