import { type ListedSplit, selectListedSplits } from "../../db/queries/market/splits.ts";
import type { AppContext } from "../context.ts";

const splitsShown = 100;

/** The splits that are set aside, or that somebody decided on; what waits for a decision comes first. */
export const readDoubtedSplits = ({ read }: Pick<AppContext, "read">): Promise<ListedSplit[]> =>
  selectListedSplits(read, { ticker: null, doubted: true, setAside: null }, splitsShown);
