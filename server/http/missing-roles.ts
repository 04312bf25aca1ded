import { selectLivingRoles } from "../../db/queries/pipeline/processes.ts";
import { leaseMs } from "../../jobs/orchestrator/lease.ts";
import { type Role, roles } from "../../jobs/roles.ts";
import type { AppContext } from "../context.ts";

/** What no process that is alive does, so that it waits for one. This one counts from before it is registered. */
export async function readMissingRoles({ read, config }: Pick<AppContext, "read" | "config">): Promise<Role[]> {
  const isDone = (role: Role, living: readonly string[] = []) => config.roles.includes(role) || living.includes(role);
  if (roles.every((role) => isDone(role))) return [];
  const living = await selectLivingRoles(read, leaseMs);
  return roles.filter((role) => !isDone(role, living));
}
