import type { Config } from "./config.ts";

/** Serves where the configuration says. Throws a sentence for people where somebody else does. */
export function listen({ host, port }: Config, fetch: (request: Request) => Response | Promise<Response>) {
  try {
    // Pages answer in milliseconds; what stays silent for longer is a stream, which may. Bun's own error page shows code, and
    // without it Bun shares a port that is taken.
    const http = { idleTimeout: 60, development: false, reusePort: false };
    return Bun.serve({ hostname: host, port, ...http, fetch });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE")) throw cause;
    throw new Error(`Port ${port} on ${host} is in use. Stop what listens there, or set PORT to another.`, { cause });
  }
}
