import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { writeStrategyFolder } from "../../../../server/research/workspace/first-start.ts";
import { declarationPath, makeDeclaration } from "./declaration.ts";

const root = mkdtempSync(join(tmpdir(), "barline-first-start-"));
const dir = join(root, "workspace", "strategies");
const log = pino({ level: "silent" });
afterAll(() => rmSync(root, { recursive: true }));

const tsc = () => {
  const path = join(import.meta.dir, "../../../../node_modules/.bin/tsc");
  const { exitCode, stdout } = Bun.spawnSync([path, "-p", dir]);
  return { exitCode, stdout: stdout.toString() };
};

describe("the folder of strategies", () => {
  test("has an example that TypeScript takes, without anything installed", async () => {
    await writeStrategyFolder(dir, log);
    copyFileSync(join(dir, "z-score.ts.example"), join(dir, "z-score.ts"));
    expect(tsc()).toEqual({ exitCode: 0, stdout: "" });
    const text = readFileSync(join(dir, "z-score.ts"), "utf8");
    writeFileSync(join(dir, "z-score.ts"), text.replace("window - 1,", 'window + "1",'));
    expect(tsc().stdout).toContain("z-score.ts(");
  });

  test("keeps what people wrote and does without what they removed; the types are ours", async () => {
    writeFileSync(join(dir, "README.md"), "mine");
    unlinkSync(join(dir, "z-score.ts.example"));
    writeFileSync(join(dir, "barline.d.ts"), "of an earlier version");
    await writeStrategyFolder(dir, log);
    expect(readFileSync(join(dir, "README.md"), "utf8")).toBe("mine");
    expect(existsSync(join(dir, "z-score.ts.example"))).toBe(false);
    expect(readFileSync(join(dir, "barline.d.ts"), "utf8")).toBe(readFileSync(declarationPath, "utf8"));
  });

  test("may take no file", async () => {
    const file = join(root, "file");
    writeFileSync(file, "");
    chmodSync(file, 0o400);
    await writeStrategyFolder(join(file, "strategies"), log);
    expect(readFileSync(file, "utf8")).toBe("");
  });
});

test("the types are those of the sources; `bun run workspace-types` writes them anew", async () => {
  expect(readFileSync(declarationPath, "utf8")).toBe(await makeDeclaration());
});
