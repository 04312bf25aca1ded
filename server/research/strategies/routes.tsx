import { type Context, Hono } from "hono";
import { z } from "zod";
import { type ParameterView, type StrategyView, strategiesPage } from "../../../views/research/strategies.tsx";
import type { StrategyFileView } from "../../../views/research/strategy-files.tsx";
import { type MetricName, metricDefinitions } from "../../backtest/definitions.ts";
import { rules, universeRules } from "../../backtest/rules.ts";
import type { AppContext } from "../../context.ts";
import { readShell } from "../../http/shell.ts";
import { type Checks, createChecks, type ReadChecks } from "../backtests/checks.ts";
import { type ListedStrategy, listStrategies } from "../workspace/catalogue.ts";
import type { FoundStrategy } from "../workspace/found.ts";

type Described = {
  type?: string;
  default?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  description?: string;
};

function parametersOf({ parameters }: ListedStrategy): ParameterView[] {
  const { properties = {} } = z.toJSONSchema(parameters, { io: "input" });
  return Object.entries(properties).map(([name, schema]) => {
    const { type, default: byDefault, minimum, maximum, exclusiveMinimum, description = "" } = schema as Described;
    return {
      ...{ name, description },
      byDefault: byDefault ?? null,
      least: minimum ?? exclusiveMinimum ?? null,
      isAbove: minimum === undefined && exclusiveMinimum !== undefined,
      most: maximum ?? null,
      isWhole: type === "integer",
    };
  });
}

const toView = (strategy: ListedStrategy, checks: Checks | null): StrategyView => ({
  ...{ id: strategy.id, name: strategy.name, scope: strategy.scope, description: strategy.description },
  parameters: parametersOf(strategy),
  file: strategy.file?.name ?? null,
  badges: [...(strategy.file === null ? (checks?.badges.get(strategy.id) ?? []) : strategy.checks)],
  url: urlOf(strategy, checks),
});

const toFile = ({ file, state, id, message, problemFile, line, checks }: FoundStrategy): StrategyFileView => ({
  ...{ file, state, id, message, line },
  problemFile: problemFile === file ? null : problemFile,
  failedChecks: checks.flatMap(({ passed, label }) => (passed ? [] : [label])),
});

/** A run of it with all defaults, on the ticker that the checks were made on. */
function urlOf({ id, scope }: ListedStrategy, checks: Checks | null): string | null {
  if (checks === null) return null;
  const subject = scope === "ticker" ? { ticker: checks.ticker } : {};
  return `/backtest?${new URLSearchParams({ ...subject, strategy: id })}`;
}

async function show(context: AppContext, readChecks: ReadChecks, c: Context): Promise<Response> {
  const [shell, checks] = await Promise.all([readShell(context, c), readChecks()]);
  return c.html(
    strategiesPage({
      shell,
      checked: checks && { ticker: checks.ticker, sessions: checks.sessions, tickers: checks.tickers },
      strategies: listStrategies().map((strategy) => toView(strategy, checks)),
      files: context.ownStrategies.list().map(toFile),
      rules: { ticker: [...rules], universe: [...universeRules] },
      metrics: (Object.keys(metricDefinitions) as MetricName[]).map((name) => ({ name, ...metricDefinitions[name] })),
    }),
  );
}

/** `/strategies`: every strategy with its checks, every rule, and how every figure is worked out. */
export function createStrategyRoutes(context: AppContext): Hono {
  const routes = new Hono();
  const readChecks = createChecks(context.read);
  routes.get("/strategies", (c) => show(context, readChecks, c));
  return routes;
}
