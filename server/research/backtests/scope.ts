import type { z } from "zod";
import { findListed } from "../workspace/catalogue.ts";

/** What of a request depends on whether its strategy trades one ticker or chooses from all. */
type Scoped = {
  strategy: string;
  ticker: string | null;
  sizing: { kind: string };
  side: string;
  stopLoss: number | null;
  takeProfit: number | null;
  trailingStop: number | null;
  survivorship: string | null;
};

/** Refuses what a strategy of this scope has no use for, so that no setting is passed over in silence. */
export function fitsScope(request: Scoped, context: z.RefinementCtx): void {
  const scope = findListed(request.strategy)?.scope;
  if (scope === undefined) return;
  const refuse = (field: keyof Scoped, message: string) =>
    context.addIssue({ code: "custom", path: [field], message: `has to be ${message}` });
  const { strategy } = request;
  if (scope === "ticker") {
    if (request.ticker === null) {
      // As any field that is missing, where it is.
      const message = `has to be given: ${strategy} trades one ticker`;
      context.addIssue({ code: "invalid_type", expected: "string", path: ["ticker"], message, input: undefined });
    }
    if (request.survivorship !== null) refuse("survivorship", `left out: ${strategy} trades one ticker`);
    return;
  }
  if (request.ticker !== null) refuse("ticker", `left out: ${strategy} chooses from all tickers`);
  if (request.sizing.kind !== "equity") {
    refuse("sizing", `{"kind": "equity", "fraction"}: ${strategy} holds equal parts of the equity`);
  }
  if (request.side !== "long") refuse("side", `long: ${strategy} sells nothing short`);
  for (const field of ["stopLoss", "takeProfit", "trailingStop"] as const) {
    if (request[field] !== null) refuse(field, `null: ${strategy} leaves a position at a rebalance only`);
  }
}
