import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openPool } from "../../../db/client.ts";
import type { WorkspaceBuilder, WorkspaceRun, WorkspaceRunResult } from "../../../jobs/workspace/run.ts";
import { runWorkspace } from "../../../jobs/workspace/run.ts";
import { createWorkspaceReader, type WorkspaceView } from "../../../jobs/workspace/view.ts";
import type { TestDatabase } from "../../support/database.ts";
import { type Bar, bar, openTransform, warehouseDir, writeBars } from "../transform/support.ts";

export type Files = Record<string, string | Uint8Array | null>;

export type WorkspaceBench = {
  folder: string;
  builder: WorkspaceBuilder;
  log: { message: string; fields: unknown }[];
  /** Writes files; null takes one away. */
  write(files: Files): void;
  /** Runs what the job runs; answers the groups and how each ended. */
  run(options?: Partial<WorkspaceRun>): Promise<WorkspaceRunResult>;
  /** The same, as text: `z_score: published`. */
  states(options?: Partial<WorkspaceRun>): Promise<string[]>;
  view(): Promise<WorkspaceView>;
  close(): Promise<void>;
};

/** A workspace over a database, with files of a test's own. */
export function openWorkspaceBench(database: TestDatabase, options: { limitMs?: number } = {}): WorkspaceBench {
  const folder = mkdtempSync(join(tmpdir(), "barline-workspace-"));
  const pool = openPool(database.url, "work", { max: 3, name: "barline workspace" });
  const log: WorkspaceBench["log"] = [];
  const note = (message: string, fields?: unknown) => void log.push({ message, fields });
  const taskLog = { debug: note, info: note, warn: note, error: note };
  const reading = { projectDir: warehouseDir, folder, variables: {}, environment: {}, database: pool.options.database };
  const builder: WorkspaceBuilder = {
    ...{ sql: pool, state: database.sql, limitMs: options.limitMs ?? 60_000, reading },
    log: { info: () => {}, warn: () => {} },
    now: () => new Date(),
  };
  const write = (files: Files) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      if (text === null) rmSync(join(folder, path), { force: true });
      else writeFileSync(join(folder, path), text);
    }
  };
  const run: WorkspaceBench["run"] = (more = {}) =>
    runWorkspace(builder, {
      ...{ runId: 1, onlyChanged: false, fullRefresh: false, log: taskLog, onNode: () => {} },
      signal: new AbortController().signal,
      ...more,
    });
  return {
    ...{ folder, builder, log, write, run },
    async states(more) {
      const { groups } = await run(more);
      return groups.map(({ group, outcome }) => `${group.name}: ${outcome.state}`).sort();
    },
    view: createWorkspaceReader({ sql: database.sql, reading }),
    async close() {
      await pool.end({ timeout: 1 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const tickers = ["AAA", "BBB"] as const;
const firstDay = 1;

export const season = (days: number): Bar[] =>
  tickers.flatMap((ticker) => Array.from({ length: days }, (_, index) => bar(ticker, firstDay + index)));

/** Writes bars and publishes the market on them. */
export async function publishMarket({ sql }: TestDatabase, bars: Bar[], at = "2018-03-01"): Promise<void> {
  await writeBars(sql, bars, new Date(`${at}T00:00:00Z`));
  const { published } = await openTransform(sql).build();
  if (!published) throw new Error("The market was not published.");
}

/** A hash of every shipped relation's rows, but for when they were written. */
export async function marketDigest({ sql }: TestDatabase): Promise<string> {
  const [row] = await sql<{ digest: string }[]>`
    select md5(string_agg((to_jsonb(facts) - '{source_inserted_at,breadth_changed_at}'::text[])::text, '' order by ticker, trade_date)) as digest
    from public.fct_polygon__stock_bars_performance as facts`;
  return row?.digest ?? "";
}

/** A good model, its test, and a model on it. */
export const goodFiles: Files = {
  "models/closes.sql": `{{ config(materialized='table') }}
select ticker, trade_date, close_price, close_price > 60 as is_high from {{ ref('fct_polygon__stock_bars_performance') }}`,
  "models/closes.yml": `models:
  - name: closes
    description: What things cost.
    columns:
      - name: ticker
        data_tests: [not_null]
      - name: close_price
        description: The price.
`,
  "models/dear.sql": "select ticker, max(close_price) as dearest from {{ ref('closes') }} group by ticker",
};
