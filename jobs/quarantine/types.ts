import type { JsonValue, Sql } from "../../db/client.ts";
import type { LakeViewer } from "../lake/viewer.ts";
import type { Actor } from "../orchestrator/types.ts";
import type { BuildOptions, Transform } from "../transform/transform.ts";

/**
 * Words. A bar is *new* as long as no publication has seen it. A ticker's doubtful new bars are *held*: taken out of the raw table, which
 * is then as it was published, and kept in the ticker's *quarantine*. A quarantine ends when a later answer passes, or when a person
 * *releases* its rows, which are then *believed* whatever tests say of them, or *drops* them.
 */

/** What people may ask about a quarantine. Throws a RequestError (`id`, `reason`). */
export type QuarantineDesk = {
  /** Believes its rows, and builds with them. */
  release(id: number, reason: string, by: Actor): Promise<void>;
  /** Leaves them out for good: the same rows are not loaded again. */
  drop(id: number, reason: string, by: Actor): Promise<void>;
};

/** Bars of one ticker that are to be held, and why. */
export type Hold = {
  ticker: string;
  /** Those of the bars, which are new. */
  sessions: string[];
  /** The failing test or, where a statement failed, its model or test. */
  test: string;
  reason: string;
};

/** What is to be held so that the rest is published, or why that would not help. */
export type Holds = { holds: Hold[] } | { refusal: string };

export type BuilderOptions = {
  /** A pool with a connection to spare while a build has two. */
  sql: Sql;
  transform: Pick<Transform, "build">;
  lake: Pick<LakeViewer, "findBar">;
};

/** One build of a run, with all its rounds. */
export type BuildRequest = {
  runId: number;
  log: {
    info(message: string, fields?: Record<string, JsonValue>): void;
    warn(message: string, fields?: Record<string, JsonValue>): void;
  };
  /** Of one build: each is told of anew. */
  optionsOf(): BuildOptions;
};
