import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { type ColumnType, DecimalTooNarrowError, type ParquetColumn, widen } from "../../../jobs/parquet/columns.ts";
import { readCopyBatches } from "../../../jobs/parquet/copy-batches.ts";
import { writeParquet } from "../../../jobs/parquet/write.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "barline-parquet-"));
  await database.sql`
    create table public.things as
    select
      'T' || lpad(n::text, 5, '0') as name,
      case when n % 7 > 0 then repeat('é', n % 40) end as note,
      case n when 0 then '-infinity'::date else '1969-12-30'::date + n end as day,
      case n when 0 then 'infinity'::timestamptz else '1969-12-31 23:59:59.000001Z'::timestamptz + n * interval '1.000001 s' end as moment,
      case when n % 3 > 0 then (n - 500)::bigint * 4611686018427387 end as number,
      case when n % 5 > 0 then n % 2 = 0 end as flag,
      n / 3.0::float8 as share,
      case when n % 11 > 0 then round((n - 500) * 1234567.12345678 / 7, n % 9) end as price,
      case when n % 2 = 0 then (n - 500) * 123456789012345678901.1234567 when n % 3 = 0 then 0 else -0.00000001 end as sum
    from generate_series(0, 999) as n`;
});

afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const column = (name: string, type: ColumnType): ParquetColumn => ({ name, type, description: `What ${name} is.` });
const columns = [
  column("name", { kind: "text" }),
  column("note", { kind: "text" }),
  column("day", { kind: "date" }),
  column("moment", { kind: "timestamp" }),
  column("number", { kind: "bigint" }),
  column("flag", { kind: "boolean" }),
  column("share", { kind: "double" }),
  column("price", { kind: "decimal", precision: 18, scale: 8 }),
  column("sum", { kind: "decimal", precision: 38, scale: 8 }),
];

async function write(file: string, changed: ParquetColumn[] = columns, limit = 1000): Promise<string> {
  const path = join(folder, file);
  await database.sql.begin(async (transaction) => {
    await transaction`select set_config('test.limit', ${String(limit)}, true)`;
    const stream = await transaction`
      copy (select * from public.things where name < 'T' || lpad(current_setting('test.limit'), 5, '0') order by name)
      to stdout (format binary)`.readable();
    const sink = Bun.file(path).writer();
    const [backend] = await database.sql<
      { pid: number }[]
    >`select pid from pg_stat_activity where query like 'copy%test.limit%'`;
    const cancel = async () => void (await database.sql`select pg_cancel_backend(${backend?.pid ?? 0}::int)`);
    const batches = readCopyBatches({ stream, columns: changed, capacity: 64, cancel });
    for await (const bytes of writeParquet(batches, {
      columns: changed,
      rowGroupRows: 256,
      table: "things",
    })) {
      sink.write(bytes);
    }
    await sink.end();
  });
  return path;
}

async function ask(query: string, path: string): Promise<Record<string, unknown>[]> {
  const duckdb = await DuckDBInstance.create(":memory:");
  const connection = await duckdb.connect();
  await connection.run("set timezone = 'UTC'");
  const rows = await connection.runAndReadAll(query, [path]);
  connection.closeSync();
  duckdb.closeSync();
  return rows.getRowObjectsJson();
}

describe("a Parquet file of what PostgreSQL copies", () => {
  test("says each value as PostgreSQL does, in the types of its columns", async () => {
    const path = await write("whole.parquet");
    const types = await ask("select column_name, column_type from (describe select * from read_parquet($1))", path);
    expect(types.map((row) => [row.column_name, row.column_type])).toEqual([
      ...[
        ["name", "VARCHAR"],
        ["note", "VARCHAR"],
        ["day", "DATE"],
        ["moment", "TIMESTAMP WITH TIME ZONE"],
      ],
      ...[
        ["number", "BIGINT"],
        ["flag", "BOOLEAN"],
        ["share", "DOUBLE"],
      ],
      ...[
        ["price", "DECIMAL(18,8)"],
        ["sum", "DECIMAL(38,8)"],
      ],
    ]);
    const found = await ask(
      `select name, note, day::text as day, epoch_us(moment)::text as moment, number::text as number, flag, share, price::text as price,
        sum::text as sum from read_parquet($1)`,
      path,
    );
    const wanted = await database.sql`
      select name, note, nullif(day, '-infinity')::text as day,
        (extract(epoch from nullif(moment, 'infinity')) * 1000000)::bigint::text as moment, number::text, flag, share,
        price::numeric(18, 8)::text as price, sum::numeric(38, 8)::text as sum
      from public.things order by name`;
    expect(found).toEqual(wanted.map((row) => ({ ...row })));
  });

  test("has row groups with statistics, zstd, and what its columns are in its metadata", async () => {
    const path = await write("whole.parquet");
    const groups = await ask(
      `select row_group_num_rows as rows, stats_min_value as least, stats_max_value as most, compression
      from parquet_metadata($1) where path_in_schema = 'name' order by row_group_id`,
      path,
    );
    expect(groups.map(({ rows }) => Number(rows))).toEqual([256, 256, 256, 232]);
    expect(groups[1]).toMatchObject({ least: "T00256", most: "T00511", compression: "ZSTD" });
    const kept = await ask("select decode(key) as key, decode(value) as value from parquet_kv_metadata($1)", path);
    const said = kept.find(({ key }) => key === "barline")?.value;
    expect(JSON.parse(String(said))).toMatchObject({ table: "things", columns: { price: "What price is." } });
  });

  test("is the same bytes for the same rows, and whole where there are none", async () => {
    const [first, second] = [await write("first.parquet"), await write("second.parquet")];
    expect(await Bun.file(first).bytes()).toEqual(await Bun.file(second).bytes());
    const none = await write("none.parquet", columns, 0);
    expect(await ask("select count(*)::int as rows, max(price) as price from read_parquet($1)", none)).toEqual([
      { rows: 0, price: null },
    ]);
  });

  test("rounds nothing: what does not fit says what it would take", async () => {
    const narrow = (name: string, precision: number, scale: number) =>
      columns.map((one) => (one.name === name ? column(name, { kind: "decimal", precision, scale }) : one));
    const tooFine = await write("none.parquet", narrow("price", 18, 7)).catch((error: unknown) => error);
    expect(tooFine).toBeInstanceOf(DecimalTooNarrowError);
    const tooLarge = await write("none.parquet", narrow("sum", 18, 8)).catch((error: unknown) => error);
    expect(tooLarge).toMatchObject({ column: "sum", digits: 23, scale: 5 });
    expect(await database.sql`select 1 as still`).toHaveLength(1);
  });

  test("takes wider decimals as they are needed", () => {
    const type = { kind: "decimal", precision: 18, scale: 8 } as const;
    expect(widen(type, { digits: 3, scale: 12 })).toEqual({ kind: "decimal", precision: 38, scale: 12 });
    expect(widen({ ...type, precision: 12 }, { digits: 5, scale: 2 })).toEqual({ ...type, precision: 13 });
    expect(widen({ ...type, precision: 38 }, { digits: 1, scale: 20 })).toEqual({
      kind: "decimal",
      precision: 38,
      scale: 20,
    });
    expect(widen(type, { digits: 30, scale: 12 })).toBeUndefined();
    expect(widen(type, { digits: 1, scale: 1 })).toBeUndefined();
  });
});
