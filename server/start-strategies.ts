import { join, resolve } from "node:path";
import { writeStrategyFolder } from "./research/workspace/first-start.ts";
import type { OwnStrategies } from "./research/workspace/found.ts";
import { createOwnStrategies } from "./research/workspace/own.ts";
import type { Startup } from "./start.ts";

/** The strategies of the workspace. They are looked for at once, and nobody waits for them. */
export async function openOwnStrategies({ config, log, lifecycle, now }: Startup): Promise<OwnStrategies> {
  const dir = join(resolve(config.workspaceDir), "strategies");
  await writeStrategyFolder(dir, log);
  const ownStrategies = createOwnStrategies({ dir, log, now });
  lifecycle.onStop("strategies of the workspace", () => ownStrategies.stop());
  return ownStrategies;
}
