import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import type { TickerStrategy } from "../strategy.ts";
import type { UniverseStrategy } from "../universe/strategy.ts";

/** A strategy of one ticker or of all of them; `scope` tells which. */
export type Strategy = TickerStrategy | UniverseStrategy;

/** Whether a value is what `defineStrategy` or `defineUniverseStrategy` answered. */
export const isStrategy = (value: unknown): value is Strategy =>
  typeof value === "object" && value !== null && "scope" in value && "configure" in value && "parameters" in value;

/** Not by import(), which has to be waited for: what is posted to a worker while its modules wait is lost. */
const load: (path: string) => object = createRequire(import.meta.url);

function readShipped(): Strategy[] {
  const names = readdirSync(import.meta.dir).filter((name) => name.endsWith(".ts") && name !== "index.ts");
  const modules = names.map((name) => load(`./${name}`));
  const found = modules.flatMap((module) => Object.values(module).filter(isStrategy));
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Every strategy that is shipped, by name: what the files of this folder export. One that is put here is in the API, in the API's document,
 * on the page of strategies, and under the look-ahead, warm-up and property tests.
 */
export const strategies: readonly Strategy[] = readShipped();

export const tickerStrategies: readonly TickerStrategy[] = strategies.filter((strategy) => strategy.scope === "ticker");

export const universeStrategies: readonly UniverseStrategy[] = strategies.filter(
  (strategy) => strategy.scope === "universe",
);

/** The strategy of that id; undefined where there is none. */
export const findStrategy = (id: string): Strategy | undefined => strategies.find((strategy) => strategy.id === id);

/** The strategy of one ticker of that id; undefined where there is none. */
export const findTickerStrategy = (id: string): TickerStrategy | undefined =>
  tickerStrategies.find((strategy) => strategy.id === id);

/** The strategy of the universe of that id; undefined where there is none. */
export const findUniverseStrategy = (id: string): UniverseStrategy | undefined =>
  universeStrategies.find((strategy) => strategy.id === id);
