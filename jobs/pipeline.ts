import type { Service } from "./daily.ts";
import type { ExportDesk } from "./export/desk.ts";
import type { LakeViewer } from "./lake/viewer.ts";
import type { Actor, BackfillOrder, Orchestrator, PartitionReason, Reprocess } from "./orchestrator/types.ts";
import type { QuarantineDesk } from "./quarantine/types.ts";
import type { SplitDecisionRequest } from "./split-decision.ts";
import type { ProjectSummary } from "./transform/transform.ts";
import type { WorkspaceView } from "./workspace/view.ts";

/** What a person asks for in the backfill form or the API; dates are inclusive, `YYYY-MM-DD`. */
export type BackfillRequest = {
  jobId: string;
  from: string;
  to: string;
  reprocess: Reprocess;
  strategy: "auto" | "grouped" | "per_ticker";
  /** Only these tickers; the configured universe where left out. */
  tickers?: string[];
  /** Runs at a time; as many as the job allows where left out. */
  concurrency?: number;
  /** Which sessions go first; the oldest where left out. */
  order?: BackfillOrder;
};

/** Why a date of a backfill's range is run, or is not. Kept with the plan; a view makes it a sentence. */
export type SessionReason =
  | PartitionReason
  /** Its tickers were named: fetched whatever ran before. */
  | { kind: "asked_by_ticker" }
  /** No session: the holiday's name, null on a weekend. */
  | { kind: "closed"; holiday: string | null }
  /** Its data is not final before `until`, an ISO instant. */
  | { kind: "unsettled"; until: string }
  /** In words that an earlier version kept, and that say nothing to this one. */
  | { kind: "told"; text: string };

export type DatedReason = { date: string; reason: SessionReason };

export type BackfillPlan = {
  strategy: "grouped" | "per_ticker";
  /** Calls for bars; reference data is read besides, at most once a day. */
  calls: number;
  /** The other way of fetching the same, and its calls. */
  alternative: { strategy: "grouped" | "per_ticker"; calls: number } | null;
  /** At the plan's rate limit; 0 where there is none. */
  minutes: number;
  /** How many sessions will be run. */
  sessions: number;
  /** Those sessions. */
  dates: string[];
  /** Why each of them is run: it never ran, it failed, it is to be fetched again. */
  reasons: DatedReason[];
  /** Every other date of the range and why it is not run: a holiday, a weekend, already there, not settled yet. */
  skipped: DatedReason[];
};

/** A source or model of the dbt project, and what it reads: names of models, `source.table` of sources. */
export type ModelNode = {
  name: string;
  kind: "source" | "model";
  /** view, table, incremental or ephemeral; null for sources. */
  materialization: string | null;
  description: string;
  dependsOn: string[];
  /** How many data tests it has. */
  tests: number;
};

/** The pipeline as the server sees it: the orchestrator, and the requests that need to know of stocks. */
export type Pipeline = {
  orchestrator: Orchestrator;
  /** The dbt project as it is on disk, each after what it reads. A fault in it is a PermanentError that says where. */
  models(): Promise<ModelNode[]>;
  /** All of it: columns, tests, and the SQL of each. A fault in it is a PermanentError that says where. */
  project(): Promise<ProjectSummary>;
  /** The people's own part of it: what lies in their folder now, and what became of it. Faults are in the answer. */
  workspace(): Promise<WorkspaceView>;
  /** Has changes of the workspace built as they come, once it is started. */
  workspaceWatch: Service;
  /** What people decide about rows that are held back. */
  quarantine: QuarantineDesk;
  /** What landed, to be looked at. */
  lakeViewer: LakeViewer;
  /** What is written to the lake for other programs. */
  exports: ExportDesk;
  /** What a backfill would do, and how many runs it would queue. Throws a RequestError that names the field (`from`, `to`, `tickers`, `strategy`). */
  previewBackfill(request: BackfillRequest): Promise<{ runs: number; plan: BackfillPlan }>;
  createBackfill(request: BackfillRequest, by?: Actor): Promise<{ id: number; runs: number; plan: BackfillPlan }>;
  /** Queues one run by hand: for a session (ingest; the last that settled by default), the waiting events (load), or a rebuild (transform). */
  createRun(jobId: string, options: { session?: string; fullRefresh?: boolean }, by?: Actor): Promise<number>;
  /** Keeps whether a split counts, and has it built. Throws a RequestError that names the field (`ticker`, `reason`). */
  decideSplit(request: SplitDecisionRequest, by: Actor): Promise<void>;
};

export const jobIds = {
  ingest: "stocks_polygon_ingest",
  load: "stocks_polygon_load",
  transform: "stocks_polygon_dbt_transform",
  workspace: "stocks_polygon_workspace",
  export: "stocks_polygon_export",
} as const;
