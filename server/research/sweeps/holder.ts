import type { Logger } from "pino";
import type { Sql } from "../../../db/client.ts";
import {
  claimPiece,
  type Piece,
  type PieceClaim,
  recoverPieces,
  releasePiece,
  renewPieces,
} from "../../../db/queries/research/pieces.ts";
import { leaseMs } from "../../../jobs/orchestrator/lease.ts";
import { type Repeating, repeat } from "./taker.ts";

/** A piece that this process has; its signal aborts where it is the process's no longer. */
export type HeldPiece = Piece & { signal: AbortSignal };

/** The pieces that this process has claimed and not yet ended. */
export type PieceHolder = {
  /** Claims a piece; null where none is to be had. */
  claim(wanted: Pick<PieceClaim, "kinds" | "refused" | "sweepId">): Promise<HeldPiece | null>;
  /** Has no more to do with a piece, which was brought to its end. */
  drop(piece: Piece): void;
  /** Gives a piece back to be taken by others. */
  release(piece: Piece): Promise<void>;
  /** Renews what it has, and queues what dead processes had. */
  start(): void;
  stop(): void;
};

type HolderOptions = {
  sql: Sql;
  owner: string;
  log: Logger;
  /** Called where pieces wait: what a dead process had, or what no notice announced. */
  waiting(): void;
};

/** As often as the orchestrator's heartbeat. */
const beatMs = 3000;
/** Nobody waits so long for a backtest over the universe. */
export const oldMinutes = 10;

export function createPieceHolder({ sql, owner, log, waiting }: HolderOptions): PieceHolder {
  const held = new Map<number, AbortController>();
  let beating: Repeating | undefined;
  const beat = async () => {
    const ids = [...held.keys()];
    if (ids.length > 0) {
      const kept = new Set(await renewPieces(sql, owner, ids, leaseMs));
      for (const id of ids) if (!kept.has(id)) held.get(id)?.abort(new Error("the piece is another's now"));
    }
    if ((await recoverPieces(sql, owner, { held: [...held.keys()], leaseMs, oldMinutes })) > 0) waiting();
  };
  return {
    claim: async (wanted) => {
      const piece = await claimPiece(sql, { owner, leaseMs, ...wanted });
      if (piece === null) return null;
      const controller = new AbortController();
      held.set(piece.id, controller);
      return { ...piece, signal: controller.signal };
    },
    drop: ({ id }) => void held.delete(id),
    release: async ({ id }) => {
      held.delete(id);
      await releasePiece(sql, owner, id);
    },
    start: () => {
      beating = repeat(beat, beatMs, (error) => log.warn({ error }, "pieces of research could not be looked after"));
      beating.now();
    },
    stop: () => beating?.stop(),
  };
}
