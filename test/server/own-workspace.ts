import type { WorkspaceGroupView, WorkspaceNodeView, WorkspaceView } from "../../jobs/workspace/view.ts";
import type { FoundStrategy, OwnStrategies } from "../../server/research/workspace/found.ts";

const at = new Date("2020-01-10T02:59:00Z");

const node = (name: string, file: string, more: Partial<WorkspaceNodeView>): WorkspaceNodeView => ({
  ...{ id: `${more.kind ?? "model"}.workspace.${name}`, name, kind: "model", file, state: "published", fault: null },
  ...{ note: null, builtAt: at, durationMs: 120, rows: 6, runId: 1, testsPassed: 0, testsFailed: 0, published: null },
  ...{ materialization: "table", description: "", columns: [], dependsOn: [], subject: null, column: null },
  ...{ rawSql: null, compiledSql: null, ...more },
});

const group = (name: string, more: Partial<WorkspaceGroupView>): WorkspaceGroupView => ({
  ...{ name, state: "published", fault: null, faults: [], checkedAt: at, publishedAt: at, durationMs: 250, runId: 1 },
  ...{ isCurrent: true, nodes: [], ...more },
});

const column = (name: string, kind: "number" | "text" | null, sqlType: string) => ({
  ...{ name, kind, sqlType, description: `What ${name} is` },
});

/** A published group over the sample of `addWorkspaceSample`, one that failed with a hostile message, and a file that is none. */
export const ownWorkspace: WorkspaceView = {
  ...{ folder: "/data/workspace", problem: null, readAt: at, isCurrent: true },
  groups: [
    group("z_score", {
      nodes: [
        node("z_score", "models/z_score.sql", {
          ...{ description: "How unusual a close is.", dependsOn: ["fct_performance"], testsPassed: 1 },
          rawSql: "select * from {{ ref('fct_performance') }}",
          compiledSql: "select * from public.fct_performance",
          published: {
            ...{ as: "public.z_score", grain: "ticker_session" },
            columns: [
              column("ticker", "text", "text"),
              column("z_20d", "number", "double precision"),
              column("notes", null, "jsonb"),
              column("z score", "number", "double precision"),
            ],
          },
        }),
        node("not_null_z_score_z_20d", "models/z_score.yml", {
          ...{ kind: "test", dependsOn: ["z_score"], subject: "z_score", column: "z_20d", materialization: null },
        }),
      ],
    }),
    group("broken", {
      ...{ state: "failed", publishedAt: null },
      fault: { message: "column <b>x</b> does not exist", file: "models/broken.sql", line: 3 },
      nodes: [
        node("broken", "models/broken.sql", {
          ...{ state: "failed", rows: null, builtAt: null, dependsOn: ["stg_bars"] },
          fault: { message: "column <b>x</b> does not exist", file: "models/broken.sql", line: 3 },
        }),
        node("on_broken", "models/on_broken.sql", { state: "skipped", rows: null, dependsOn: ["broken", "z_score"] }),
      ],
    }),
    group("models/torn.yml", {
      ...{ state: null, checkedAt: null, publishedAt: null, runId: null, durationMs: null, isCurrent: false },
      faults: [{ message: "is no YAML", file: "models/torn.yml", line: 7 }],
    }),
  ],
};

const strategy = (file: string, more: Partial<FoundStrategy>): FoundStrategy => ({
  ...{ file, state: "ok", id: "mine", name: "Mine", scope: "ticker", message: null, problemFile: null, line: null },
  ...{ checks: [], foundAt: at, ...more },
});

/** One that is used and did not pass a check, and one that throws. */
export const ownStrategies: OwnStrategies = {
  list: () => [
    strategy("mine.ts", {
      checks: [
        { id: "look-ahead", label: "No look-ahead", passed: true, detail: "It said the same." },
        { id: "units", label: "Knows prices", passed: false, detail: "It said something else." },
      ],
    }),
    strategy("throws.ts", { state: "broken", id: null, name: null, message: "oh <i>no</i>", line: 4 }),
  ],
  look: async () => {},
  stop: async () => {},
};
