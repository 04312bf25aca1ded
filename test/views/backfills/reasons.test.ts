import { expect, test } from "bun:test";
import { type ShownReason, tellReason, tellSharedReason } from "../../../views/backfills/reasons.ts";

const cases: [reason: ShownReason, told: string, shared: string][] = [
  [{ kind: "never_ran" }, "never ran", "never ran"],
  [{ kind: "under_way", runId: 12, state: "queued" }, "run 12 is queued", "is queued"],
  [{ kind: "under_way", runId: 12, state: "running" }, "run 12 is running", "is running"],
  [{ kind: "ended", runId: 12, state: "success" }, "run 12 succeeded", "succeeded"],
  [{ kind: "ended", runId: 12, state: "failed" }, "run 12 failed", "failed"],
  [{ kind: "ended", runId: 12, state: "cancelled" }, "run 12 was cancelled", "was cancelled"],
  [{ kind: "already_ran", runId: 12, state: "success" }, "run 12 already ran: succeeded", "already ran: succeeded"],
  [{ kind: "already_ran", runId: 12, state: "failed" }, "run 12 already ran: failed", "already ran: failed"],
  [{ kind: "asked_by_ticker" }, "asked for by ticker", "asked for by ticker"],
  [{ kind: "closed", holiday: "Good Friday" }, "Good Friday", "Good Friday"],
  [{ kind: "closed", holiday: null }, "weekend", "weekend"],
  [
    { kind: "unsettled", until: "2025-07-09T20:40:00.000Z" },
    "not settled until 2025-07-09T20:40:00.000Z",
    "not settled until 2025-07-09T20:40:00.000Z",
  ],
  [{ kind: "no_run" }, "no run was made for it", "no run was made for it"],
  [{ kind: "told", text: "as it was" }, "as it was", "as it was"],
];

test.each(cases)("%j is told as %s, and among others as %s", (reason, told, shared) => {
  expect(tellReason(reason)).toBe(told);
  expect(tellSharedReason(reason)).toBe(shared);
});
