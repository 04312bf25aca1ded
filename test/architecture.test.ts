import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { lockKeys } from "../db/locks.ts";

const root = join(import.meta.dir, "..");
const folders = ["server", "jobs", "db", "views", "public"] as const;

type Import = { from: string; to: string; typeOnly: boolean };

const files = folders.flatMap((folder) =>
  [...new Bun.Glob("**/*.{ts,tsx}").scanSync({ cwd: join(root, folder) })].map((path) => `${folder}/${path}`),
);
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
const imports = files.flatMap(importsOf);

/** Relative imports of a file, static and dynamic, as paths from the root. */
function importsOf(file: string): Import[] {
  const text = sources.get(file) ?? "";
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;'"]*?from\s+["'](\.[^"']+)["']|import\(\s*["'](\.[^"']+)["']\s*\)/g;
  return [...text.matchAll(pattern)].map(([whole, type, target, dynamic]) => ({
    from: file,
    to: normalize(join(dirname(file), target ?? dynamic ?? "")),
    typeOnly: type !== undefined || /import\s*\{\s*type [^,}]*\}/.test(whole),
  }));
}

const top = (path: string) => path.split("/")[0] ?? "";

describe("imports", () => {
  test("are found at all", () => {
    expect(imports.length).toBeGreaterThan(200);
  });

  test("follow the house: db imports nobody, views types only, jobs db, and only server wires all of it", () => {
    const allowed: Record<string, string[]> = {
      db: [],
      views: [],
      jobs: ["db"],
      // A chart in the browser writes numbers and dates as the pages around it do.
      public: ["views"],
      server: ["db", "jobs", "views", "public"],
    };
    const crossing = imports.filter(({ from, to }) => top(from) !== top(to) && to !== "package.json");
    const broken = crossing.filter(({ from, to, typeOnly }) => {
      if (from.startsWith("views/") && typeOnly) return false;
      return !allowed[top(from)]?.includes(top(to));
    });
    expect(broken.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  test("keep the orchestrator ignorant of the jobs it runs", () => {
    const leaving = imports.filter(
      ({ from, to }) =>
        from.startsWith("jobs/orchestrator/") && to.startsWith("jobs/") && !to.startsWith("jobs/orchestrator/"),
    );
    expect(leaving.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
    const stocks = files.filter(
      (file) =>
        file.startsWith("jobs/orchestrator/") &&
        /stock|ticker|polygon|\bbars?\b|session/i.test(sources.get(file) ?? ""),
    );
    expect(stocks).toEqual(
      ["jobs/orchestrator/requests/index.ts", "jobs/orchestrator/requests/runs.ts"].filter((file) =>
        stocks.includes(file),
      ),
    );
  });

  test("keep the backtest pure: no database, no lake, no clock", () => {
    const impure = imports.filter(
      ({ from, to, typeOnly }) =>
        from.startsWith("server/backtest/") && !to.startsWith("server/backtest/") && !typeOnly,
    );
    expect(impure.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
    const clocked = files.filter(
      (file) =>
        file.startsWith("server/backtest/") &&
        /Date\.now|new Date\(\)|Math\.random|performance\.now/.test(sources.get(file) ?? ""),
    );
    expect(clocked).toEqual([]);
  });

  test("form no cycle", () => {
    const edges = new Map(
      files.map((file) => [
        file,
        imports.filter((edge) => edge.from === file && !edge.typeOnly).map((edge) => edge.to),
      ]),
    );
    expect(findCycle(edges)).toBeUndefined();
  });
});

describe("source files", () => {
  test("read the environment in one place only", () => {
    const readers = files.filter((file) => /process\.env|Bun\.env|import\.meta\.env/.test(sources.get(file) ?? ""));
    expect(readers).toEqual(["server/main.ts"]);
  });

  test("take advisory locks by keys from one list, no two of which are the same", () => {
    const keys = Object.values(lockKeys);
    expect(new Set<number>(keys).size).toBe(keys.length);
    const own = files.filter((file) =>
      /advisory_(?:xact_)?(?:un)?lock\((?:\d|\$\{(?!lockKeys\.))/.test(sources.get(file) ?? ""),
    );
    expect(own).toEqual([]);
  });

  test("stay short enough to be read", () => {
    const long = files
      .map((file) => [file, (sources.get(file) ?? "").split("\n").length] as const)
      .filter(([, lines]) => lines > 300);
    expect(long).toEqual([]);
  });
});

/** The first cycle that a depth-first walk meets, as a path. */
function findCycle(edges: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const walk = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of edges.get(file) ?? []) {
      const cycle = walk(next, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of edges.keys()) {
    const cycle = walk(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}
