import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { lockKeys } from "../db/locks.ts";
import { crossings, rawMarkup, rooms, subjects } from "./house.ts";

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

/** The room of a file: the longest of the house's that it lies below, or the top folder that it stands in. */
function roomOf(file: string): string {
  const folder = dirname(file);
  const holding = Object.keys(rooms).filter((room) => room.includes("/") && `${folder}/`.startsWith(`${room}/`));
  return holding.sort((a, b) => b.length - a.length)[0] ?? folder;
}

/** Edges between rooms, each once, with a file that makes it. */
const roomEdges = new Map(
  imports
    .filter(({ from, to }) => sources.has(to) && roomOf(from) !== roomOf(to))
    .map(({ from, to }) => [`${roomOf(from)} -> ${roomOf(to)}`, `${from} -> ${to}`]),
);

const subjectOf = (room: string) => subjects.find((subject) => room.endsWith(`/${subject}`));

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

  test("form no circle of files, types included", () => {
    const edges = new Map(
      files.map((file) => [file, imports.filter((edge) => edge.from === file).map((edge) => edge.to)]),
    );
    expect(findCycle(edges)).toBeUndefined();
  });
});

describe("rooms", () => {
  const declared = new Set([
    ...Object.entries(rooms).flatMap(([from, targets]) => targets.map((to) => `${from} -> ${to}`)),
    ...crossings.map(({ from, to }) => `${from} -> ${to}`),
  ]);

  test("are the six subjects in server, views and db/queries", () => {
    const folders = Object.keys(rooms);
    for (const place of ["server", "views", "db/queries"])
      for (const subject of subjects) expect(folders).toContain(`${place}/${subject}`);
    expect(files.filter((file) => !(roomOf(file) in rooms))).toEqual([]);
  });

  test("use each other as the house's table says, and no other way", () => {
    const undeclared = [...roomEdges].filter(([edge]) => !declared.has(edge)).map(([, example]) => example);
    expect(undeclared).toEqual([]);
  });

  test("are declared to use only what they use", () => {
    expect([...declared].filter((edge) => !roomEdges.has(edge))).toEqual([]);
  });

  test("of two subjects meet only with a reason", () => {
    const silent = Object.entries(rooms).flatMap(([from, targets]) =>
      targets.filter((to) => {
        const [own, other] = [subjectOf(from), subjectOf(to)];
        return (
          !from.startsWith("jobs/") &&
          own !== undefined &&
          other !== undefined &&
          own !== other &&
          !to.startsWith("jobs/")
        );
      }),
    );
    expect(silent).toEqual([]);
    expect(crossings.filter(({ why }) => why.length < 20)).toEqual([]);
  });

  test("of jobs hold no file beside a folder of its name", () => {
    const own = files.filter((file) => file.startsWith("jobs/"));
    const folders = new Set(own.flatMap(parentsOf));
    expect(own.filter((file) => folders.has(file.replace(/\.ts$/, "")))).toEqual([]);
  });
});

describe("test files", () => {
  /** Where tests of more than one part stand, by what they go through. */
  const throughAll = ["bench", "browser", "golden", "pipeline", "process", "support"];

  test("mirror what they test: a file or folder of that path, with an aspect after a dot", () => {
    const tests = [...new Bun.Glob("**/*.test.ts").scanSync({ cwd: join(root, "test") })];
    const stray = tests.filter((path) => {
      if (!path.includes("/") || throughAll.includes(top(path))) return false;
      const whole = path.replace(/\.test\.ts$/, "");
      return ![whole, whole.replace(/\.[^./]+$/, "")].some((source) =>
        ["", ".ts", ".tsx", ".sql"].some((ending) => existsSync(join(root, source + ending))),
      );
    });
    expect(stray).toEqual([]);
  });
});

describe("source files", () => {
  test("read the environment only where a process begins: the server, and a command of the terminal", () => {
    const readers = files.filter((file) => /process\.env|Bun\.env|import\.meta\.env/.test(sources.get(file) ?? ""));
    const commands = ["server/backup/command.ts", "server/distribute.ts", "server/main.ts", "server/workspace.ts"];
    expect(readers.sort()).toEqual(commands);
  });

  test("take advisory locks by keys from one list, no two of which are the same", () => {
    const keys = Object.values(lockKeys);
    expect(new Set<number>(keys).size).toBe(keys.length);
    const own = files.filter((file) =>
      /advisory_(?:xact_)?(?:un)?lock\((?:\d|\$\{(?!lockKeys\b))/.test(sources.get(file) ?? ""),
    );
    expect(own).toEqual([]);
  });

  test("put markup together as text only where the house says why", () => {
    const asText = /(?<![\w.])raw\(|\b(?:innerHTML|outerHTML|dangerouslySetInnerHTML)\s*[=:]|\binsertAdjacentHTML\(/g;
    const uses = files
      .map((file) => [file, [...(sources.get(file) ?? "").matchAll(asText)].length] as const)
      .filter(([, times]) => times > 0);
    const declared = Object.entries(rawMarkup).map(([file, { times }]) => [file, times]);
    expect(Object.fromEntries(uses)).toEqual(Object.fromEntries(declared));
  });

  test("stay short enough to be read", () => {
    const long = files
      .map((file) => [file, (sources.get(file) ?? "").split("\n").length] as const)
      .filter(([, lines]) => lines > 300);
    expect(long).toEqual([]);
  });
});

/** Every folder that a path lies in. */
const parentsOf = (path: string): string[] => {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
};

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
