import { z } from "zod";
import type { Badge } from "../../backtest/badges.ts";
import type { Configured, Described } from "../../backtest/strategy.ts";
import { HttpError } from "../../http/errors.ts";
import type { ListedStrategy, ListedTicker, ListedUniverse, OwnFile, ReadyTicker, ReadyUniverse } from "./catalogue.ts";
import { schemaOf } from "./describe.ts";
import { StrategyFailure, type StrategyHost } from "./host.ts";
import type { Question, Questions, ReadyParts, StrategyDescription } from "./messages.ts";
import { toSentence } from "./words.ts";

type Params = Record<string, unknown>;
type Ask = <Name extends Question>(
  question: Name,
  asked: Questions[Name]["asked"],
) => Promise<Questions[Name]["answer"]>;

/** The strategy of a file, as requests name it: everything but its words is asked of its worker. */
export function listOwn(
  host: StrategyHost,
  file: OwnFile,
  description: StrategyDescription,
  checks: readonly Badge[],
): ListedStrategy {
  const { id, name, description: rule, parameters } = description;
  const told = { id, name, description: rule, parameters: schemaOf(parameters), file, checks };
  const ask: Ask = async (question, asked) => {
    try {
      return await host.ask(file, question, asked);
    } catch (error) {
      throw error instanceof StrategyFailure ? refusal(id, error) : error;
    }
  };
  return description.scope === "ticker" ? ownTicker(told, ask) : ownUniverse(told, ask);
}

/** What somebody is told who asked for a run that the file did not answer. */
function refusal(id: string, failure: StrategyFailure): HttpError {
  const message = `\`strategy\` (${id}) failed. ${toSentence(failure)}`;
  return new HttpError(422, "strategy_failed", message, { field: "strategy" });
}

type Told = Described & { file: OwnFile; checks: readonly Badge[] };

/** The parameters as a file has them; `make` adds what else is asked of it. */
async function configure<Scope extends ReadyParts["scope"], Ready>(
  { parameters: schema }: Told,
  ask: Ask,
  params: Params,
  make: (parts: Extract<ReadyParts, { scope: Scope }>) => Ready,
): Promise<Configured<Ready>> {
  // What each has to be by itself is known here; whether they go together the file says.
  const known = schema.safeParse(params);
  if (!known.success) return { success: false, error: known.error };
  const answer = await ask("configure", { params });
  if ("issues" in answer) return { success: false, error: new z.ZodError(answer.issues) };
  return { success: true, strategy: make(answer as Extract<ReadyParts, { scope: Scope }>) };
}

function ownTicker(told: Told, ask: Ask): ListedTicker {
  return {
    ...{ scope: "ticker", ...told },
    least: (plan) => ask("least", { plan }),
    configure: (params) =>
      configure<"ticker", ReadyTicker>(told, ask, params, ({ id, parameters, warmup }) => {
        const parts = { id, parameters, warmup };
        return {
          ...parts,
          evaluate: async (bars) => {
            const { targets, panes, honesty } = await ask("evaluate", { params, bars });
            return { strategy: { ...parts, signals: () => targets, panes: () => panes }, honesty: () => honesty };
          },
        };
      }),
  };
}

function ownUniverse(told: Told, ask: Ask): ListedUniverse {
  return {
    ...{ scope: "universe", ...told },
    survey: (plan) => ask("survey", { plan }),
    configure: (params) =>
      configure<"universe", ReadyUniverse>(told, ask, params, ({ scope: _, ...parts }) => ({
        ...parts,
        evaluate: async ({ dates, sections, listings }) => {
          const universe = { dates, sections, listings: listings.map(plainListing) };
          const { scores, honesty } = await ask("score", { params, universe });
          const bySession = new Map(sections.map(({ session }, index) => [session, scores[index]]));
          const score = ({ session, close }: { session: number; close: Float64Array }) =>
            bySession.get(session) ?? new Float64Array(close.length).fill(Number.NaN);
          return { strategy: { ...parts, score }, honesty: () => honesty };
        },
      })),
  };
}

/** What a strategy may know of a ticker, without what else was read of it. */
const plainListing = ({
  ticker,
  lastDate,
  lastClose,
}: Questions["score"]["asked"]["universe"]["listings"][number]) => ({
  ...{ ticker, lastDate, lastClose },
});
