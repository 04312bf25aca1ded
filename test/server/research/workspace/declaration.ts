import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `bun run workspace-types` writes what editors know of `barline` anew from our sources. */

const root = join(import.meta.dir, "../../../..");
const core = join(root, "server/backtest");

/** Where the declaration is kept; the workspace gets a copy. */
export const declarationPath = join(root, "server/research/workspace/template/barline.d.ts");

/** Modules whose declarations are put together, each before those that use it. */
const modules = ["types", "indicators", "strategy", "universe/types", "universe/strategy"];

const head = `// Written by Barline at each start, from its own sources: what you change here is lost. Editors find it by tsconfig.json beside it.
import { z } from "zod";
export { z };
`;

/** The types of `barline` in one file that needs zod's alone. */
export async function makeDeclaration(): Promise<string> {
  const out = await emit();
  const exported = new Set(
    [...out.entry.matchAll(/\{([^}]*)\}/g)].flatMap(([, names = ""]) =>
      names.split(",").map((name) => name.trim().replace(/^type /, "")),
    ),
  );
  const all = out.modules.flatMap(declarationsOf);
  const kept = new Set<string>(exported);
  for (let size = 0; size !== kept.size; ) {
    size = kept.size;
    for (const { name, text } of all) {
      if (kept.has(name))
        for (const other of all) if (new RegExp(`\\b${other.name}\\b`).test(code(text))) kept.add(other.name);
    }
  }
  const texts = all
    .filter(({ name }) => kept.has(name))
    .map(({ name, text }) => (exported.has(name) ? text : text.replace(/^export /m, "")));
  return `${head}\n${texts.join("\n\n")}\n\nexport {};\n`;
}

const code = (text: string) => text.replaceAll(/\/\*\*[\s\S]*?\*\//g, "");

/** A module's declarations, each with its comment. */
function declarationsOf(module: string): { name: string; text: string }[] {
  const parts = module.split(/\n(?=\/\*\*|export |type |declare )/);
  const found: { name: string; text: string }[] = [];
  let comment = "";
  for (const part of parts) {
    const name = /^(?:export )?(?:declare )?(?:type|const|function) (\w+)/m.exec(code(part).trim())?.[1];
    if (name !== undefined) found.push({ name, text: `${comment}${part.trim()}` });
    comment = name === undefined && part.startsWith("/**") ? `${part.trim()}\n` : "";
  }
  return found;
}

/** What TypeScript declares of the entry and of the modules that it exports from. */
async function emit(): Promise<{ entry: string; modules: string[] }> {
  const dir = mkdtempSync(join(tmpdir(), "barline-declaration-"));
  try {
    const compilerOptions = {
      ...{ noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: join(dir, "out"), rootDir: core },
      typeRoots: [join(root, "node_modules/@types"), join(root, "node_modules")],
    };
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions,
      include: [],
      files: [join(core, "barline.ts")],
    };
    writeFileSync(join(dir, "tsconfig.json"), JSON.stringify(config));
    const { exitCode, stdout } = Bun.spawnSync([join(root, "node_modules/.bin/tsc"), "-p", dir]);
    if (exitCode !== 0) throw new Error(`the types could not be made: ${stdout}`);
    const read = (name: string) => Bun.file(join(dir, "out", `${name}.d.ts`)).text();
    return { entry: await read("barline"), modules: await Promise.all(modules.map(read)) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

if (import.meta.main) await Bun.write(declarationPath, await makeDeclaration());
