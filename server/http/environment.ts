import type { Context } from "hono";
import type { Logger } from "pino";
import type { Actor } from "../../jobs/orchestrator/types.ts";

/** What somebody may do: look at everything; change what Barline does; say who else may. Each includes those before it. */
export type Access = "read" | "operate" | "admin";

/** What the middleware leaves for the routes behind it. */
export type AppEnv = { Variables: { requestId: string; log: Logger; actor: Actor; access: Access } };

export type RequestContext = Context<AppEnv>;
