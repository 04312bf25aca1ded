import type { Context } from "hono";
import type { Logger } from "pino";
import type { Actor } from "../../jobs/orchestrator/types.ts";

/** What the middleware leaves for the routes behind it. */
export type AppEnv = { Variables: { requestId: string; log: Logger; actor: Actor } };

export type RequestContext = Context<AppEnv>;
