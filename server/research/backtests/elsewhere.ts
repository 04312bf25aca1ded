import { deserialize, serialize } from "node:v8";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../../db/client.ts";
import {
  deletePiece,
  finishPiece,
  insertPiece,
  type Piece,
  type PieceEnd,
  selectBacktest,
} from "../../../db/queries/research/pieces.ts";
import { leaseMs } from "../../../jobs/orchestrator/lease.ts";
import { HttpError, toHttpError } from "../../http/errors.ts";
import { findListed } from "../workspace/catalogue.ts";
import { runRequest } from "./run.ts";
import { type BacktestRequest, backtestInput } from "./schemas.ts";
import { type Lack, TooFewSessions } from "./too-few-sessions.ts";
import type { BacktestRun, UniverseRun } from "./types.ts";

/** How backtests are run, wherever. */
export type Backtests = {
  /** Throws an HttpError that names the field where it cannot be run. */
  run(request: BacktestRequest): Promise<BacktestRun>;
};

/** All of them in this process. */
export const runHere = (read: Sql): Backtests => ({ run: (request) => runRequest(read, request) });

/** Those over the universe in a process that takes them, as they fill a processor for seconds; those of a ticker here. */
export const runElsewhere = ({ sql, read }: { sql: Sql; read: Sql }): Backtests => ({
  run: (request) =>
    findListed(request.strategy)?.scope === "universe" ? askFor(sql, request) : runRequest(read, request),
});

const lookMs = 100;
/** A process may bring down others by it only so often. */
const mostLosses = 3;

async function askFor(sql: Sql, request: BacktestRequest): Promise<UniverseRun> {
  const input = request as unknown as JsonValue;
  const id = await insertPiece(sql, { kind: "backtest", sweepId: null, input });
  try {
    for (;;) {
      const piece = await selectBacktest(sql, id, leaseMs);
      if (piece === null) throw new HttpError(503, "too_slow", "Nobody had the time for this backtest. Ask again.");
      if (piece.state === "success" && piece.output !== null) return unpackRun(piece.output);
      if (piece.state === "failed") throw unpackFailure(piece.error as Failure);
      if (!piece.isServed) throw nobodyTakes();
      await Bun.sleep(lookMs);
    }
  } finally {
    await deletePiece(sql, id);
  }
}

const nobodyTakes = () =>
  new HttpError(
    503,
    "no_process",
    "No process takes backtests over the universe: start one with ROLES=sweep, or add sweep to the ROLES of this one.",
    { title: "No process for it", retryAfterSeconds: 15 },
  );

/** Runs a backtest that another process was asked for, and keeps what it gave. */
export async function answerBacktest(
  piece: Piece,
  { sql, read, owner, log }: { sql: Sql; read: Sql; owner: string; log: Logger },
): Promise<void> {
  await finishPiece(sql, owner, piece.id, await endOf(piece, read, log));
}

async function endOf({ input, losses }: Piece, read: Sql, log: Logger): Promise<PieceEnd> {
  try {
    if (losses >= mostLosses) throw new Error(`${losses} processes that ran this backtest ended in the middle`);
    const run = await runRequest(read, backtestInput.parse(input));
    if (run.scope !== "universe") throw new Error("a backtest of a ticker was sent to another process");
    return { state: "success", output: packRun(run) };
  } catch (error) {
    const { status, code, message, details } = toHttpError(error);
    if (code === "internal") log.error({ error }, "a backtest for another process failed");
    const lack = error instanceof TooFewSessions ? error.lack : null;
    return { state: "failed", error: { status, code, message, details, lack } as unknown as JsonValue };
  }
}

/** A refusal as it goes through the database. */
type Failure = {
  status: ContentfulStatusCode;
  code: string;
  message: string;
  details: HttpError["details"];
  lack: Lack | null;
};

const unpackFailure = ({ status, code, message, details, lack }: Failure): HttpError =>
  lack ? new TooFewSessions(message, lack) : new HttpError(status, code, message, details);

/** As a structured clone, which keeps columns as they are; what is a function is said before. */
function packRun(run: UniverseRun): Uint8Array {
  const { score: _, ...strategy } = { score: undefined, ...run.strategy };
  return serialize({ ...run, strategy, honesty: run.honesty() });
}

function unpackRun(bytes: Uint8Array): UniverseRun {
  const { honesty, ...run } = deserialize(bytes) as Omit<UniverseRun, "honesty"> & {
    honesty: ReturnType<UniverseRun["honesty"]>;
  };
  return { ...run, honesty: () => honesty };
}
