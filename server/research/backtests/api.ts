import { rules, universeRules } from "../../backtest/rules.ts";
import { answer, defineOperation, type Operation } from "../../http/operation.ts";
import { toAnswer } from "./run.ts";
import { backtestAnswer, backtestInput } from "./schemas.ts";

export const backtestOperations: Operation[] = [
  defineOperation({
    method: "post",
    path: "/api/backtests",
    summary: "Run a strategy over published bars",
    description: `${listOf(rules)}\n\nStrategies of the universe:\n\n${listOf(universeRules)}`,
    request: { body: backtestInput },
    keepsNothing: true,
    answers: { 200: { description: "The run.", schema: backtestAnswer } },
    handle: async ({ body }, { backtests }) => answer(200, toAnswer(await backtests.run(body))),
  }),
];

function listOf(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}
