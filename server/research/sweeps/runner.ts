import type { Logger } from "pino";
import type { Sql } from "../../../db/client.ts";
import { pieceChannel } from "../../../db/queries/research/pieces.ts";
import { help } from "./help.ts";
import { createPieceHolder, type HeldPiece } from "./holder.ts";
import { type Lead, type LeadTools, lead, Stopped } from "./lead.ts";
import { createTaker } from "./taker.ts";

/** What takes sweeps, and points of others' sweeps, one at a time as each takes all workers; and backtests beside them. */
export type Runner = {
  /** Looks for pieces now. */
  wake(): void;
  /** Ends the sweep where it runs here, and resolves when that is kept. */
  cancel(sweepId: number): Promise<void>;
  idle(): Promise<void>;
  /** Takes what others announce, and what dead processes had. */
  start(): Promise<void>;
  /** Gives back what it has. */
  stop(): Promise<void>;
};

export type RunnerOptions = LeadTools & {
  sql: Sql;
  log: Logger;
  /** Runs a backtest over the universe, and keeps what it gave. */
  runBacktest(piece: HeldPiece): Promise<void>;
};

export function createRunner(options: RunnerOptions): Runner {
  const { sql, log, owner } = options;
  const stopping = new AbortController();
  /** Sweeps that this process cannot help with. */
  const refused = new Set<number>();
  let leading: Lead | undefined;
  let unlisten = async () => {};
  const wake = () => {
    if (stopping.signal.aborted) return;
    sweeps.wake();
    backtests.wake();
  };
  const holder = createPieceHolder({ sql, owner, log, waiting: wake });

  const run = async (piece: HeldPiece & { sweepId: number }) => {
    if (piece.kind === "points") {
      if (!(await help(piece, stopping.signal, { ...options, holder }))) refused.add(piece.sweepId);
      return;
    }
    leading = lead(piece, options);
    if (stopping.signal.aborted) leading.stop(new Stopped("released"));
    const { isReleased } = await leading.ended;
    leading = undefined;
    if (isReleased) await holder.release(piece);
    else holder.drop(piece);
  };
  const takeSweep = async () => {
    const piece = await holder.claim({ kinds: ["sweep", "points"], refused: [...refused] });
    if (piece === null) return false;
    if (piece.sweepId !== null) await run({ ...piece, sweepId: piece.sweepId });
    return true;
  };
  const takeBacktest = async () => {
    const piece = await holder.claim({ kinds: ["backtest"], refused: [] });
    if (piece === null) return false;
    await options.runBacktest(piece).finally(() => holder.drop(piece));
    return true;
  };
  const sweeps = createTaker(takeSweep, (error) => log.warn({ error }, "no sweep could be taken"));
  const backtests = createTaker(takeBacktest, (error) => log.warn({ error }, "no backtest of others could be taken"));

  return {
    wake,
    cancel: async (sweepId) => {
      if (leading?.sweepId !== sweepId) return;
      leading.stop(new Stopped("cancelled"));
      await leading.ended;
    },
    idle: async () => {
      await Promise.all([sweeps.idle(), backtests.idle()]);
    },
    start: async () => {
      const listening = await sql.listen(pieceChannel, () => {
        leading?.look();
        wake();
      });
      unlisten = () => listening.unlisten();
      holder.start();
      wake();
    },
    stop: async () => {
      stopping.abort(new Stopped("released"));
      leading?.stop(new Stopped("released"));
      await Promise.all([sweeps.stop(), backtests.stop()]);
      holder.stop();
      await unlisten();
      options.pool.close();
    },
  };
}
