import type { ActionRow } from "../../db/queries/operations/read-actions.ts";
import { describedBy, Field, Section } from "../components.tsx";
import { formatCount, formatDuration, formatInteger } from "../format.ts";
import { orderOptions } from "./backfill-form.tsx";
import { type ReasonGroup, ReasonList } from "./backfill-preview.tsx";

/** What does not change by itself: the plan, the settings as typed, and who did what. */
export type BackfillBeside = {
  plan: {
    strategy: string | null;
    calls: number | null;
    minutes: number;
    alternative: { strategy: string; calls: number } | null;
  };
  reasons: ReasonGroup[];
  skipped: ReasonGroup[];
  maxActiveRuns: number;
  settings: { concurrency: string; order: string; errors: Record<string, string> };
  actions: ActionRow[];
};

/** The form that changes how a backfill goes on. */
export const Settings = ({ id, beside: { settings, maxActiveRuns } }: { id: number; beside: BackfillBeside }) => (
  <form id="backfill-settings" class="settings" method="post" action={`/backfills/${id}/settings`} novalidate>
    {settings.errors.form && (
      <p class="field-error" role="alert">
        {settings.errors.form}
      </p>
    )}
    <Field
      id="concurrency"
      label="Sessions at a time"
      hint={`1 to ${formatInteger(maxActiveRuns)}; empty: all there is room for`}
      error={settings.errors.concurrency}
    >
      <input
        id="concurrency"
        name="concurrency"
        type="number"
        min="1"
        max={maxActiveRuns}
        inputmode="numeric"
        value={settings.concurrency}
        {...describedBy("concurrency", true, settings.errors.concurrency)}
      />
    </Field>
    <Field id="order" label="Order" hint="of what is queued" error={settings.errors.order}>
      <select id="order" name="order" {...describedBy("order", true, settings.errors.order)}>
        {orderOptions.map(([value, text]) => (
          <option value={value} selected={settings.order === value}>
            {text}
          </option>
        ))}
      </select>
    </Field>
    <button type="submit" class="button">
      Change
    </button>
  </form>
);

const strategyNames: Record<string, string> = { grouped: "by session", per_ticker: "by ticker" };
const total = (groups: ReasonGroup[]) => groups.reduce((sum, group) => sum + group.count, 0);

/** How it was planned: what is fetched and why, what is left out and why. */
export const Plan = ({ beside: { plan, reasons, skipped } }: { beside: BackfillBeside }) => (
  <Section id="plan" title="Plan">
    {plan.calls === 0 ? (
      <p>Nothing was left to fetch.</p>
    ) : (
      <p>
        {plan.strategy ? `Fetched ${strategyNames[plan.strategy] ?? plan.strategy}` : "Fetched"}
        {plan.calls !== null && ` in ${formatCount(plan.calls, "call")}`}
        {plan.minutes > 0 && `, ${formatDuration(plan.minutes * 60_000)} at the rate limit`}.
        {plan.alternative && (
          <span class="note">
            {" "}
            {plan.alternative.strategy === "per_ticker" ? "By ticker" : "By session"} it would have been{" "}
            {formatCount(plan.alternative.calls, "call")}.
          </span>
        )}
      </p>
    )}
    {reasons.length > 0 && (
      <details id="plan-reasons">
        <summary>Why: {formatCount(total(reasons), "session")}</summary>
        <ReasonList groups={reasons} />
      </details>
    )}
    {skipped.length > 0 && (
      <details id="plan-skipped">
        <summary>Skipped: {formatCount(total(skipped), "day")}</summary>
        <ReasonList groups={skipped} />
      </details>
    )}
  </Section>
);
