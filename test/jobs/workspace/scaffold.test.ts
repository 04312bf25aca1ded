import { afterAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookAtFolder } from "../../../jobs/workspace/folder.ts";
import { prepareWorkspace } from "../../../jobs/workspace/scaffold.ts";

const root = mkdtempSync(join(tmpdir(), "barline-scaffold-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const warnings: unknown[] = [];
const log = { info() {}, warn: (fields: unknown) => void warnings.push(fields) };

test("a first start writes folders and examples, of which nothing is built, and a second one touches nothing", () => {
  const folder = join(root, "new");
  prepareWorkspace(folder, log);
  expect(readFileSync(join(folder, "models/z_score.sql.example"), "utf8")).toContain("ref(");
  expect(existsSync(join(folder, "strategies"))).toBe(true);
  expect(lookAtFolder(folder)).toMatchObject({ problem: null, hasNodes: false });
  rmSync(join(folder, "models/z_score.sql.example"));
  writeFileSync(join(folder, "README.md"), "mine");
  prepareWorkspace(folder, log);
  expect([
    existsSync(join(folder, "models/z_score.sql.example")),
    readFileSync(join(folder, "README.md"), "utf8"),
  ]).toEqual([false, "mine"]);
  expect(warnings).toEqual([]);
});

test("a folder that cannot be made is no fault of the start, and is told", () => {
  writeFileSync(join(root, "file"), "");
  chmodSync(join(root, "file"), 0o400);
  prepareWorkspace(join(root, "file"), log);
  expect(warnings).toHaveLength(1);
  expect(lookAtFolder(join(root, "file")).problem).toContain("cannot be read");
});

test("a change of any file, and nothing of strategies or examples, is a change of the workspace", () => {
  const folder = join(root, "changes");
  prepareWorkspace(folder, log);
  const before = lookAtFolder(folder).version;
  writeFileSync(join(folder, "strategies/mine.ts"), "");
  writeFileSync(join(folder, "models/x.sql.example"), "select");
  expect(lookAtFolder(folder).version).toBe(before);
  writeFileSync(join(folder, "models/x.sql"), "select 1 as x");
  expect(lookAtFolder(folder)).toMatchObject({ hasNodes: true });
  expect(lookAtFolder(folder).version).not.toBe(before);
});
