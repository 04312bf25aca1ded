import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };

/** Starting a test runner on a busy machine takes its time. */
setDefaultTimeout(60_000);

const root = join(import.meta.dir, "..");
/** Not the changelog: what it tells of may be gone. */
const documents = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CAPACITY.md", "SECURITY.md"] as const;
const textOf = (document: string) => readFileSync(join(root, document), "utf8");
const scripts = Object.keys(packageJson.scripts);

/** What people's machines and Git have at the root is nothing that a document may lead to. */
const notOurs = new Set([".git", ".env", "data", "node_modules"]);
const tops = new Set(readdirSync(root).filter((name) => !notOurs.has(name)));
/** Names of files that are told without their folder. */
const names = new Set([
  ...tops,
  ...["server", "jobs", "db", "views", "public", "test"].flatMap((folder) =>
    [...new Bun.Glob("**/*").scanSync({ cwd: join(root, folder) })].map((path) => path.split("/").at(-1) ?? ""),
  ),
]);

/** Text outside of blocks of code, and the blocks, with their languages. */
function partsOf(document: string): { prose: string; blocks: { language: string; code: string }[] } {
  const blocks: { language: string; code: string }[] = [];
  const prose = textOf(document).replaceAll(/^```(\w*)\n(.*?)^```$/gms, (_, language: string, code: string) => {
    blocks.push({ language, code });
    return "";
  });
  return { prose, blocks };
}

const spansOf = (prose: string) => [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");

/** Relative targets of links and pictures, without their anchors. */
const linksOf = (prose: string) =>
  [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => (match[1] ?? "").replace(/#.*$/, ""))
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target));

/** Spans that are a path from the root, or the name of a file of source. `server/<room>` stands for several. */
function pathsOf(prose: string): string[] {
  return spansOf(prose).filter((span) => {
    if (!/^[\w.@-]+(\/[\w.@-]+)*\/?$/.test(span)) return false;
    return (span.includes("/") && tops.has(span.split("/")[0] ?? "")) || /\w\.(tsx?|sql|md|patch|csv)$/.test(span);
  });
}

/** Whether it is there from the root, or, where it is a bare name, anywhere. */
const isThere = (path: string) => existsSync(join(root, path)) || (!path.includes("/") && names.has(path));

/** Every command in spans and in blocks for a shell, without comments. */
function commandsOf(document: string): string[] {
  const { prose, blocks } = partsOf(document);
  const lines = blocks.filter(({ language }) => language === "sh").flatMap(({ code }) => code.split("\n"));
  return [...spansOf(prose), ...lines.map((line) => line.replace(/\s+#.*$/, "").trim())].filter(Boolean);
}

describe.each(documents)("%s", (document) => {
  const { prose } = partsOf(document);

  test("names files and folders that are there", () => {
    const named = [...new Set([...pathsOf(prose), ...linksOf(prose)])];
    expect(named.filter((path) => !isThere(path))).toEqual([]);
  });

  test("names commands that package.json has", () => {
    const asked = commandsOf(document).flatMap((command) =>
      [...command.matchAll(/\b(?:bun|npm) run ([\w:-]+)|\bnpm (start|test)\b/g)].map((match) => match[1] ?? match[2]),
    );
    expect(asked.filter((script) => !scripts.includes(script ?? ""))).toEqual([]);
  });

  test("names tests that are there, also in commands", () => {
    const paths = commandsOf(document).flatMap((command) => [...command.matchAll(/\btest\/[\w./-]+/g)].map(String));
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe("ARCHITECTURE.md", () => {
  const { prose } = partsOf("ARCHITECTURE.md");

  test("has a line for every room of the house", () => {
    const told = new Set(spansOf(prose));
    const rooms = ["server", "jobs", "db", "views"].flatMap((folder) =>
      readdirSync(join(root, folder), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${folder}/${entry.name}`),
    );
    const queries = readdirSync(join(root, "db/queries")).map((room) => `db/queries/${room}`);
    expect([...rooms, ...queries].filter((room) => !told.has(room))).toEqual([]);
  });

  test("names for each promise a test of that name in that file", () => {
    const rows = [...prose.matchAll(/^\| [^|]+ \| `(test\/[^`]+)` \| ([^|]+) \|$/gm)];
    expect(rows.length).toBeGreaterThan(20);
    const lost = rows.filter(([, file = "", title = ""]) => !textOf(file).includes(title.trim()));
    expect(lost.map(([row]) => row)).toEqual([]);
  });
});

test("the commands that run one test do", async () => {
  const commands = commandsOf("CONTRIBUTING.md").filter((command) => command.startsWith("bun test test/"));
  expect(commands.length).toBeGreaterThan(1);
  for (const command of commands) {
    const child = Bun.spawn(["sh", "-c", command.replace(/^bun\b/, `"${process.execPath}"`)], {
      cwd: root,
      stdout: "pipe",
      stderr: "pipe",
    });
    const output = await new Response(child.stderr).text();
    expect({ command, code: await child.exited }).toEqual({ command, code: 0 });
    expect(output).toMatch(/^ *[1-9]\d* pass$/m);
  }
});

test("docker-compose.yml has no password of its own", () => {
  const text = readFileSync(join(root, "docker-compose.yml"), "utf8");
  const secrets = [...text.matchAll(/\$\{(\w*(?:PASSWORD|SECRET|KEY)\w*):(.)/g)].map(([, name, kind]) => ({
    name,
    kind,
  }));
  expect(secrets.length).toBeGreaterThan(4);
  // What people have to set (`:?`), a name that is no secret, and what may be left out.
  const open = secrets.filter(({ kind }) => kind !== "?").map(({ name }) => name);
  expect([...new Set(open)].sort()).toEqual(["POLYGON_API_KEY", "S3_ACCESS_KEY_ID", "VIEWER_PASSWORD"]);
});
