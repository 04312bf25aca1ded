import { DuckDBInstance } from "@duckdb/node-api";

/** Asks DuckDB, in UTC. Values come as JSON has them. */
export async function askDuckDb(query: string): Promise<Record<string, unknown>[]> {
  const duckdb = await DuckDBInstance.create(":memory:");
  const connection = await duckdb.connect();
  try {
    await connection.run("set timezone = 'UTC'");
    return (await connection.runAndReadAll(query)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    duckdb.closeSync();
  }
}
