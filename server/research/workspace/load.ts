import { plugin } from "bun";
import * as barline from "../../backtest/barline.ts";
import { StrategyFault } from "../../backtest/checks/fault.ts";
import { isStrategy, type Strategy } from "../../backtest/strategies/index.ts";

/**
 * Makes `barline` and `zod` what files of the workspace get by these names, wherever they stand: a volume has no node_modules, and a copy of zod
 * there would be another one. Only in workers, as it counts for the whole thread.
 */
export function provideBarline(): void {
  plugin({
    name: "barline",
    setup: (build) => {
      build.module("barline", () => ({ exports: { ...barline }, loader: "object" }));
      build.module("zod", () => ({ exports: { z: barline.z, default: barline.z, ...barline.z }, loader: "object" }));
    },
  });
}

const idAllowed = /^[a-z][a-z0-9_]{0,59}$/;
const longestName = 100;
const longestDescription = 2000;

/** The strategy that a file exports. Throws what the file throws, and a StrategyFault where it exports none. */
export async function loadStrategy(path: string): Promise<Strategy> {
  const module: object = await import(path);
  const strategy: unknown = "default" in module ? module.default : undefined;
  if (!isStrategy(strategy)) {
    const what = strategy === undefined ? "It has no default export" : "Its default export is no strategy";
    throw new StrategyFault("id", `${what}: \`export default defineStrategy({ … })\`.`);
  }
  requireText("id", strategy.id, 60);
  if (!idAllowed.test(strategy.id)) {
    const message = `The id “${strategy.id.slice(0, 60)}” has to be lower-case letters, digits and underscores, from a letter on, as z_score.`;
    throw new StrategyFault("id", message);
  }
  requireText("name", strategy.name, longestName);
  requireText("description", strategy.description, longestDescription);
  return strategy;
}

function requireText(at: "id" | "name" | "description", text: unknown, longest: number): void {
  if (typeof text === "string" && text.trim() !== "" && text.length <= longest) return;
  throw new StrategyFault(at, `\`${at}\` has to be a text of 1 to ${longest} characters.`);
}
