import type { ExportMode } from "./export/tables.ts";
import type { LakeOptions } from "./lake/open.ts";
import type { Universe } from "./market/universe.ts";
import type { Proxies } from "./network/proxy.ts";

/** What a Bun worker needs to know; plain data, sent to it as its first message. */
export type WorkerSettings = {
  lake: LakeOptions;
  market: { baseUrl: string; apiKey: string; maxAnswerMegabytes?: number; proxies?: Proxies };
  databaseUrl: string;
  /** Whether the large tables lie on several servers. */
  distributed: boolean;
};

/** What the jobs need to know besides, in the process. */
export type PipelineSettings = Omit<WorkerSettings, "distributed"> & {
  source: "polygon" | "demo";
  callsPerMinute: number | null;
  universe: Universe;
  startDate: string;
  catchup: "all" | "latest" | "none";
  /** Sessions that are fetched again after each new one; 0: none, on Saturdays neither. */
  recheckSessions: number;
  /** What EXPORT says; a page says it where this is left out or null. */
  exportMode?: ExportMode | null;
  /** Whether the simulated market is looked at for the first time, and checks the last sessions once more. */
  isFirstLook?: boolean;
};

/** The resource that a worker asks leave for before each call to the market API. */
export const marketCalls = "market calls";
