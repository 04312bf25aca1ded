import { type RejectFilter, selectAllRejects, selectReasonCounts } from "../../db/queries/quality/read-rejects.ts";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import type { RejectsPageView } from "../../views/quality/lineage-types.ts";
import type { AppContext } from "../context.ts";

const pageSize = 50;
/** Rows that the reasons are counted among: some 10 ms. */
const counted = 20_000;

/** A page of refused rows; `before` is the id that the page before it ended at. */
export async function readRejects(
  { read }: Pick<AppContext, "read">,
  asked: RejectsPageView["filter"],
  before: number | null,
): Promise<RejectsPageView> {
  const { reason, ticker, session } = asked;
  const isDate = session === "" || isIsoDate(session);
  const filter: RejectFilter = {
    reason: reason || null,
    ticker: ticker || null,
    session: (isDate && session) || null,
  };
  const [reasons, rows] = await Promise.all([
    selectReasonCounts(read, counted),
    selectAllRejects(read, filter, before, pageSize + 1),
  ]);
  const shown = rows.slice(0, pageSize);
  const url = (id: number | null) => {
    const parts = { ...asked, ...(id !== null && { before: String(id) }) };
    const set = Object.entries(parts).filter(([, value]) => value !== "");
    return `/quality/rejects${set.length > 0 ? `?${new URLSearchParams(set)}` : ""}`;
  };
  const last = shown.at(-1);
  const all = reasons.reduce((sum, { count }) => sum + count, 0);
  return {
    reasons,
    among: all >= counted ? counted : null,
    filter: asked,
    problem: isDate ? null : `"${session}" is not a date; write it as 2025-01-02.`,
    rows: shown,
    newest: before === null ? null : url(null),
    older: rows.length > pageSize && last ? url(last.id) : null,
  };
}
