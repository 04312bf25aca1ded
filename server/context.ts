import type { Logger } from "pino";
import type { Sql } from "../db/client.ts";
import type { Pipeline } from "../jobs/pipeline.ts";
import type { Config } from "./config.ts";
import type { Guard } from "./middleware/guard.ts";

/** What routes may use. Made once by main.ts, or by a test; no route reaches for anything else. */
export type AppContext = {
  config: Config;
  /** Who is signed in, and the check of the password; null where none is set. */
  guard: Guard | null;
  /** Read-only, with a statement timeout. */
  read: Sql;
  pipeline: Pipeline;
  /** True where this process can serve: database reachable and migrated, lake ready, orchestrator started. */
  isReady(): Promise<boolean>;
  log: Logger;
  now(): Date;
};
