import { join } from "node:path";
import { type Context, Hono } from "hono";
import { type AssetUrls, plainAssets } from "../../views/shell.ts";

type Asset = { body: Uint8Array<ArrayBuffer>; gzip: Uint8Array<ArrayBuffer>; type: string; hash: string };
type Assets = { byName: ReadonlyMap<string, Asset>; urls: AssetUrls };

const root = join(import.meta.dir, "../..");

/** Each file that pages load: its name, and where it comes from. Sources are bundled in memory when first asked for. */
const sources = {
  styles: { name: "styles.css", file: "public/styles.css", isBundled: true },
  icon: { name: "icon.svg", file: "public/icon.svg", isBundled: false },
  theme: { name: "theme.js", file: "public/theme.ts", isBundled: true },
  app: { name: "app.js", file: "public/app.ts", isBundled: true },
  chart: { name: "chart.js", file: "public/chart.ts", isBundled: true },
  graph: { name: "graph.js", file: "public/graph.ts", isBundled: true },
  grid: { name: "grid.js", file: "public/grid.ts", isBundled: true },
  log: { name: "log.js", file: "public/log.ts", isBundled: true },
  backtest: { name: "backtest.js", file: "public/backtest.ts", isBundled: true },
  sweep: { name: "sweep.js", file: "public/sweep.ts", isBundled: true },
  sql: { name: "sql.js", file: "public/sql.ts", isBundled: true },
  market: { name: "market.js", file: "public/market.ts", isBundled: true },
  htmx: { name: "htmx.js", file: "node_modules/htmx.org/dist/htmx.min.js", isBundled: false },
  chartStyles: { name: "uplot.css", file: "node_modules/uplot/dist/uPlot.min.css", isBundled: false },
} satisfies Record<keyof AssetUrls, { name: string; file: string; isBundled: boolean }>;

const types: Record<string, string> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

async function read(file: string, isBundled: boolean): Promise<Uint8Array<ArrayBuffer>> {
  if (!isBundled) return Bun.file(join(root, file)).bytes();
  const built = await Bun.build({
    entrypoints: [join(root, file)],
    target: "browser",
    format: "iife",
    minify: true,
  });
  const output = built.outputs[0];
  if (!output) throw new Error(`${file} bundles to nothing`);
  return new Uint8Array(await output.arrayBuffer());
}

async function build(): Promise<Assets> {
  const byName = new Map<string, Asset>();
  const urls: AssetUrls = { ...plainAssets };
  for (const [key, { name, file, isBundled }] of Object.entries(sources)) {
    const body = await read(file, isBundled);
    const hash = new Bun.CryptoHasher("sha256").update(body).digest("hex").slice(0, 12);
    const extension = name.slice(name.lastIndexOf(".") + 1);
    const asset = { body, gzip: Bun.gzipSync(body, { level: 9 }), type: types[extension] ?? "text/plain", hash };
    const hashed = `${name.slice(0, -extension.length)}${hash}.${extension}`;
    byName.set(name, asset);
    byName.set(hashed, asset);
    urls[key as keyof AssetUrls] = `/assets/${hashed}`;
  }
  return { byName, urls };
}

let built: Promise<Assets> | undefined;

/** The files, built once a process. */
function assets(): Promise<Assets> {
  built ??= build();
  return built;
}

/** Where pages find their files: URLs that change with the content. */
export const assetUrls = async (): Promise<AssetUrls> => (await assets()).urls;

let standalone: Promise<string> | undefined;

/** The styles of a page that is saved as a file, to stand inside it; built once a process. */
export function standaloneStyles(): Promise<string> {
  standalone ??= read("public/tear-sheet.css", true).then((bytes) => new TextDecoder().decode(bytes));
  return standalone;
}

async function answer(c: Context, name: string): Promise<Response> {
  const asset = (await assets()).byName.get(name);
  if (!asset) return c.text("No such file.", 404);
  const isHashed = name.includes(asset.hash);
  c.header("Content-Type", asset.type);
  c.header("ETag", `"${asset.hash}"`);
  c.header("Vary", "Accept-Encoding");
  c.header("Cache-Control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
  if (c.req.header("If-None-Match")?.includes(asset.hash)) return c.body(null, 304);
  if (!/\bgzip\b/.test(c.req.header("Accept-Encoding") ?? "")) return c.body(asset.body);
  c.header("Content-Encoding", "gzip");
  return c.body(asset.gzip);
}

/** Serves `/assets/*`: compressed once, under names with a content hash for ever, under plain names with an ETag. */
export function createAssetRoutes(): Hono {
  const routes = new Hono();
  routes.get("/assets/:name", (c) => answer(c, c.req.param("name")));
  routes.get("/favicon.ico", (c) => c.redirect(plainAssets.icon, 302));
  return routes;
}
