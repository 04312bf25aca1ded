import type { Logger } from "pino";
import type { Sql } from "../../../db/client.ts";
import { finishPiece } from "../../../db/queries/research/pieces.ts";
import { selectSweep } from "../../../db/queries/research/sweeps.ts";
import { toBytes } from "./chunk-bytes.ts";
import { readPoints } from "./elsewhere.ts";
import type { HeldPiece, PieceHolder } from "./holder.ts";
import type { LeadTools } from "./lead.ts";

export type HelpTools = Omit<LeadTools, "sql" | "log"> & { sql: Sql; log: Logger; holder: PieceHolder };

/**
 * Runs points of a sweep that another process has, piece after piece. Answers whether it could: where the data are others by now, or the
 * points fail here, who has the sweep runs them, and tells the failure if it fails there too.
 */
export async function help(first: HeldPiece & { sweepId: number }, stop: AbortSignal, tools: HelpTools) {
  const { sql, pool, log, owner, holder, prepare, versionOf } = tools;
  const { sweepId } = first;
  let piece: HeldPiece | null = first;
  const lost = new AbortController();
  const follow = (held: HeldPiece) => held.signal.addEventListener("abort", () => lost.abort(held.signal.reason));
  follow(first);
  try {
    const row = await selectSweep(sql, sweepId);
    const prepared = row && (await prepare(sweepId, row.request));
    const { version, ...span } = readPoints(first.input);
    if (prepared === null || versionOf(prepared) !== version) return false;
    await pool.runSpans(prepared.source, prepared.plan, {
      signal: AbortSignal.any([stop, lost.signal]),
      first: span,
      next: async (found) => {
        if (piece === null) return null;
        await finishPiece(sql, owner, piece.id, { state: "success", output: toBytes(found) });
        holder.drop(piece);
        piece = await holder.claim({ kinds: ["points"], sweepId, refused: [] });
        if (piece === null) return null;
        follow(piece);
        const { version: own, ...next } = readPoints(piece.input);
        return own === version ? next : null;
      },
    });
    return true;
  } catch (error) {
    const isOver = stop.aborted || lost.signal.aborted;
    if (!isOver) log.warn({ error, sweep: sweepId }, "points of another process's sweep could not be run");
    return isOver;
  } finally {
    if (piece !== null) await holder.release(piece);
  }
}
