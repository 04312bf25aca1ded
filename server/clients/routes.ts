import { join } from "node:path";
import { type Context, Hono } from "hono";
import { etag } from "hono/etag";
import { typescriptClient } from "./typescript.ts";

/** Files for other programs, as they stand beside this one. */
const files = {
  "barline.py": "text/x-python; charset=utf-8",
  "barline.ipynb": "application/x-ipynb+json",
  "grafana.json": "application/json",
} satisfies Record<string, string>;

/**
 * Serves `/clients/*`: what other programs use to reach this one. Like the files of pages, they are the same for everybody and hold
 * no data, so that who fetches them needs no token.
 */
export function createClientRoutes(document: () => unknown): Hono {
  const routes = new Hono();
  let made: { of: unknown; text: Promise<string> } | undefined;
  routes.use("/clients/*", etag({ weak: true }));
  for (const [name, type] of Object.entries(files)) {
    routes.get(`/clients/${name}`, async (c) => answer(c, type, await Bun.file(join(import.meta.dir, name)).text()));
  }
  routes.get("/clients/barline.ts", async (c) => {
    const of = document();
    if (made === undefined || made.of !== of) made = { of, text: typescriptClient(of) };
    return answer(c, "text/plain; charset=utf-8", await made.text);
  });
  return routes;
}

function answer(c: Context, type: string, text: string): Response {
  c.header("Content-Type", type);
  c.header("Cache-Control", "no-cache");
  return c.body(text);
}
