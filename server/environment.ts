import type { Context } from "hono";
import type { Logger } from "pino";

/** What the middleware leaves for the routes behind it. */
export type AppEnv = { Variables: { requestId: string; log: Logger } };

export type RequestContext = Context<AppEnv>;
