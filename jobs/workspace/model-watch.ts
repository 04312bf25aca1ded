import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { hasWorkspace, selectWorkspaceReading } from "../../db/queries/quality/workspace.ts";
import type { Service } from "../daily.ts";
import { type FolderState, lookAtFolder } from "./folder.ts";
import { type Later, type Watch, watchFolder } from "./watch.ts";

export type ModelWatchOptions = {
  folder: string;
  sql: Sql;
  /** Queues a run for what has changed, unless one waits that will read it. */
  ask(): Promise<void>;
  log: Pick<Logger, "info" | "warn">;
  later?: Later;
};

export type ModelWatch = Service & {
  /** Looks whether anything has changed since it was last read, and asks for a run where it has. */
  look(): Promise<void>;
};

/** Watches the workspace, and has changes of its models built without a restart. */
export function createModelWatch({ folder, sql, ask, log, later }: ModelWatchOptions): ModelWatch {
  let asked: string | null = null;
  let told: string | null = null;
  let watch: Watch | undefined;

  const judge = async ({ version, problem, hasNodes }: FolderState) => {
    if (problem !== told && problem !== null) log.warn({ problem }, "the workspace cannot be read");
    told = problem;
    if (version === null || version === asked) return;
    const known = await selectWorkspaceReading(sql);
    const isNews = known?.version !== version && (hasNodes || (await hasWorkspace(sql)));
    if (isNews) await ask();
    asked = version;
  };
  const failed = (error: unknown) =>
    log.warn({ error }, "whether the workspace has changed cannot be told; it is looked at again");

  return {
    look: async () => await judge(lookAtFolder(folder)).catch(failed),
    start() {
      watch = watchFolder({ dir: folder, changed: () => judge(lookAtFolder(folder)), failed, ...(later && { later }) });
    },
    async stop() {
      await watch?.stop();
    },
  };
}
