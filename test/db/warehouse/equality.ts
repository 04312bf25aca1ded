import { expect } from "bun:test";
import { newYorkDate } from "../../../jobs/market/calendar.ts";
import { buildProject } from "../../../jobs/transform/build/build.ts";
import type { LoadedProject } from "../../../jobs/transform/project/assemble.ts";
import { loadProject } from "../../../jobs/transform/project/load.ts";
import { createPlayer, type History } from "../../jobs/transform/arrivals.ts";
import { warehouseDir } from "../../jobs/transform/support.ts";
import { createTestDatabase } from "../../support/database.ts";

/** Builds histories bit by bit on a database of its own, and expects of each what a full refresh gives. */
export type EqualityStage = { play(history: History): Promise<void>; close(): Promise<void> };

const silent = { info: () => {}, warn: () => {} };

const windows = "int_polygon__stock_bars_windows";
/** The view of them that people read. */
const facts = "fct_polygon__stock_bars_performance";

/** Columns in which one incremental build leaves a note for the next; a full refresh begins them anew. */
const notesOf = (model: string) => [
  "breadth_changed_at",
  "bars_seen_at",
  ...(model === "fct_polygon__market_breadth_daily" ? ["source_inserted_at"] : []),
];

/**
 * The project's tests, which want other data than arrives here, and what no model reads: snapshots, which keep what was and
 * are not made anew, and seeds.
 */
function excludedOf({ project }: LoadedProject): string[] {
  const kinds = new Set(["test", ...(project.unitTests.length > 0 ? ["unit_test"] : [])]);
  const isRead = (name: string) => project.models.some(({ dependsOn }) => dependsOn.includes(name));
  for (const { resourceType: kind, name } of project.models) if (kind !== "model" && !isRead(name)) kinds.add(kind);
  return [...kinds].map((kind) => `resource_type:${kind}`);
}

/** `today`: when histories begin to arrive. Opens a database, and reads the project once, which takes as long as a build of few rows. */
export async function openEqualityStage(today: Date): Promise<EqualityStage> {
  const { sql, drop } = await createTestDatabase();
  const loaded = loadProject({ projectDir: warehouseDir, variables: {}, environment: {} });
  const exclude = excludedOf(loaded);
  const models = loaded.project.models
    .filter(({ config }) => config.materialized === "incremental" || config.materialized === "table")
    .map(({ name }) => name);
  const published = [...models, facts];
  const clock = { now: today };

  /** A bare database again; with the models' tables still there but empty, unless the case begins without them. */
  const reset = async (fresh: boolean): Promise<void> => {
    clock.now = today;
    const tables = await sql<{ name: string }[]>`
      select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`;
    if (tables.length > 0) await sql`truncate ${sql(tables.map(({ name }) => name))}`;
    for (const name of published) await sql`drop table if exists ${sql(`kept_${name}`)}`;
    if (fresh) for (const name of models) await sql`drop table if exists ${sql(name)} cascade`;
  };

  const build = async (fullRefresh = false): Promise<void> => {
    const context = { sql, loaded, today: newYorkDate(clock.now), log: silent, now: () => clock.now, elapsed: () => 0 };
    const result = await buildProject(context, { fullRefresh, exclude });
    expect(result.tests).toEqual([]);
    const faults = result.models.flatMap(({ name, error }) => (error === undefined ? [] : `${name}: ${error}`));
    expect(faults).toEqual([]);
  };

  /** The first row of a model that differs between what was kept and what a full refresh made of it, column by column. */
  const firstDifference = async (model: string): Promise<Record<string, unknown> | undefined> => {
    const [kept, full] = [sql(`kept_${model}`), sql(model)];
    const row = sql`to_jsonb(one) - ${notesOf(model)}::text[]`;
    // As text, so that also the scale of each number has to be the same; that of a sum over a window is of all that was ever added
    // to it, and the facts, which round it, tell none of that.
    const compared = model === windows ? sql`(${row})` : sql`(${row})::text`;
    const told = sql`(select jsonb_object_agg(key, value::text) from jsonb_each(${row}))`;
    const rows = await sql<{ side: string; row: Record<string, string> }[]>`
      (select 'incremental' as side, ${told} as row from ${kept} as one
        where ${compared} not in (select ${compared} from ${full} as one))
      union all
      (select 'full', ${told} from ${full} as one where ${compared} not in (select ${compared} from ${kept} as one))
      order by 2 limit 2`;
    const [counts] = await sql<{ equal: boolean }[]>`
      select (select count(*) from ${kept}) = (select count(*) from ${full}) as equal`;
    const [first, second] = rows;
    if (!first) return counts?.equal ? undefined : { model, rows: "some are there more than once" };
    const columns = Object.keys(first.row).filter((column) => first.row[column] !== second?.row[column]);
    const pick = (row: Record<string, string> | undefined) =>
      row &&
      Object.fromEntries([...new Set(["ticker", "trade_date", ...columns])].map((column) => [column, row[column]]));
    return { model, [first.side]: pick(first.row), [`${second?.side} (other)`]: pick(second?.row) };
  };

  return {
    async play(history) {
      await reset(history.fresh);
      const arrive = createPlayer(sql, clock, history);
      for (const round of history.rounds) {
        for (const arrival of round) await arrive(arrival);
        await build();
      }
      for (const name of published) await sql`create table ${sql(`kept_${name}`)} as table ${sql(name)}`;
      await build(true);
      for (const name of published) expect(await firstDifference(name)).toBeUndefined();
      const twice = await sql`
        select security_id, trade_date from fct_polygon__stock_bars_performance group by 1, 2 having count(*) > 1`;
      expect([...twice]).toEqual([]);
    },
    close: drop,
  };
}
