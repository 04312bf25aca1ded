import type { Child, PropsWithChildren } from "hono/jsx";
import type { KeptError } from "../db/queries/pipeline/read-problems.ts";
import { formatAgo, formatMinute, formatSecond, formatUtc, none } from "./format.ts";

/** How each state is drawn and called; the glyph and the word tell it without colour. */
export const states: Record<string, { label: string; tone: string; path: string }> = {
  idle: { label: "Idle", tone: "quiet", path: "M4 8h8" },
  unreached: { label: "Not reached", tone: "quiet", path: "M4 8h8" },
  waiting: { label: "Waiting", tone: "quiet", path: "M3.5 8h.01M8 8h.01M12.5 8h.01" },
  queued: { label: "Queued", tone: "quiet", path: "M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11" },
  running: { label: "Running", tone: "work", path: "M8 2.5a5.5 5.5 0 0 1 5.5 5.5" },
  success: { label: "Success", tone: "good", path: "M3 8.5l3.3 3.5L13 4.5" },
  pass: { label: "Passed", tone: "good", path: "M3 8.5l3.3 3.5L13 4.5" },
  failed: { label: "Failed", tone: "bad", path: "M4 4l8 8M12 4l-8 8" },
  fail: { label: "Failed", tone: "bad", path: "M4 4l8 8M12 4l-8 8" },
  error: { label: "Error", tone: "bad", path: "M4 4l8 8M12 4l-8 8" },
  retry: { label: "Tried again", tone: "warn", path: "M12.5 8A4.5 4.5 0 1 1 10.5 4.2M10.5 1.5v3h-3" },
  lost: { label: "Lost", tone: "warn", path: "M8 3v6M8 12.5h.01" },
  warn: { label: "Warning", tone: "warn", path: "M8 3v6M8 12.5h.01" },
  cancelled: {
    label: "Cancelled",
    tone: "quiet",
    path: "M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11M4.2 11.8l7.6-7.6",
  },
  cleared: { label: "Cleared", tone: "quiet", path: "M12.5 4v4.5h-8M7.5 5.2L4.2 8.5l3.3 3.3" },
  released: { label: "Given back", tone: "quiet", path: "M12 8H4M7 5L4 8l3 3" },
  skipped: { label: "Skipped", tone: "quiet", path: "M4 8h8" },
  paused: { label: "Paused", tone: "warn", path: "M5.5 3.5v9M10.5 3.5v9" },
};

/** A state's glyph, word and tone. An unknown state shows as its own name. */
export const State = ({ state, label }: { state: string; label?: string }) => {
  const known = states[state];
  return (
    <span class={`state ${known?.tone ?? "quiet"} is-${known ? state : "other"}`}>
      <svg class="glyph" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={known?.path ?? "M4 8h8"} />
      </svg>
      {label ?? known?.label ?? state}
    </span>
  );
};

/** The mark of what somebody watches or likes best; the button around it says which. */
export const StarMark = () => (
  <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path d="M8 1.9l1.9 3.9 4.2.6-3.05 3 .75 4.2L8 11.6l-3.8 2 .75-4.2-3.05-3 4.2-.6z" />
  </svg>
);

/** An instant in New York time; the title tells UTC, and a script adds the reader's own zone. */
export const Instant = ({ at, precise = false }: { at: Date | null; precise?: boolean }) =>
  at ? (
    <time class="instant" datetime={at.toISOString()} title={formatUtc(at)}>
      {precise ? formatSecond(at) : formatMinute(at)}
    </time>
  ) : (
    none
  );

/** How long ago an instant was, with the instant itself in the title. */
export const Ago = ({ at, now }: { at: Date | null; now: Date }) =>
  at ? (
    <time class="instant" datetime={at.toISOString()} title={`${formatSecond(at)} New York, ${formatUtc(at)}`}>
      {formatAgo(at, now)}
    </time>
  ) : (
    none
  );

/** A bar from 0 to `max`; without a `max` it only says that something is under way. */
export const Progress = ({ value, max, label }: { value?: number; max?: number; label: string }) =>
  max ? <progress value={Math.min(value ?? 0, max)} max={max} aria-label={label} /> : <progress aria-label={label} />;

type SectionProps = PropsWithChildren<{ id: string; title: string; note?: Child; aside?: Child; class?: string }>;

/** A titled part of a page that assistive technology can find by its heading. */
export const Section = ({ id, title, note, aside, children, class: className }: SectionProps) => (
  <section class={`section ${className ?? ""}`} aria-labelledby={`${id}-title`} id={id}>
    <header class="section-head">
      <h2 id={`${id}-title`}>{title}</h2>
      {note && <p class="note">{note}</p>}
      {aside && <div class="aside">{aside}</div>}
    </header>
    {children}
  </section>
);

/** What a part of a page says while it has nothing to show, and what to do about it. */
export const Empty = ({ children }: PropsWithChildren) => <div class="empty">{children}</div>;

/** What to do where nothing has come yet: it may be on its way, or nobody asked for it, as with CATCHUP=none. */
export const HowToFill = () => (
  <>
    <a href="/">The overview</a> shows what is on its way; where nothing is,{" "}
    <a href="/backfills/new">start a backfill</a> of past sessions.
  </>
);

/** A term and its value, for the lists of facts at the head of pages. */
export const Fact = ({ term, children, class: className }: PropsWithChildren<{ term: string; class?: string }>) => (
  <div class={`fact ${className ?? ""}`}>
    <dt>{term}</dt>
    <dd>{children}</dd>
  </div>
);

/** A table that scrolls by itself, and can be reached and scrolled with the keyboard. */
export const TableScroll = ({ label, children }: PropsWithChildren<{ label: string }>) => (
  // A group: as a region it would be a landmark of the name that its section has already.
  // biome-ignore lint/a11y/useSemanticElements: a fieldset is of fields
  <div class="scroll" role="group" aria-label={label} tabindex={0}>
    {children}
  </div>
);

/** An error as it was kept: what happened, and what to do about it. */
export const ErrorNote = ({ error }: { error: KeptError }) => (
  <div class="error-note">
    <p class="message">{error.message}</p>
    {error.advice && <p class="advice">{error.advice}</p>}
  </div>
);

type FieldProps = PropsWithChildren<{ id: string; label: string; hint?: string; error?: string | undefined }>;

/** A labelled control with its hint and its error; the control names both by `describedBy(id, …)`. */
export const Field = ({ id, label, hint, error, children }: FieldProps) => (
  <div class={`field ${error ? "has-error" : ""}`}>
    <label for={id}>{label}</label>
    {children}
    {hint && (
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    )}
    {error && (
      <p class="field-error" id={`${id}-error`}>
        {error}
      </p>
    )}
  </div>
);

/** The attributes that tie a control to the hint and error of its Field. */
export const describedBy = (id: string, hasHint: boolean, error: string | undefined) => {
  const ids = [hasHint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return {
    ...(ids && { "aria-describedby": ids }),
    ...(error && { "aria-invalid": "true" as const }),
  };
};

/** A question before something that cannot be undone; works without scripts. */
export const Confirm = (props: { summary: string; question: string; action: string; button: string; id: string }) => (
  <details class="confirm" id={props.id}>
    <summary class="button">{props.summary}</summary>
    <form method="post" action={props.action}>
      <p>{props.question}</p>
      <button type="submit" class="button danger">
        {props.button}
      </button>
    </form>
  </details>
);

/** Links to the pages before and after; nothing where there is only one. */
export const Pager = ({ newer, older }: { newer: string | null; older: string | null }) =>
  newer || older ? (
    <nav class="pager" aria-label="Pages">
      {newer && (
        <a class="button" href={newer}>
          ← Newest
        </a>
      )}
      {older && (
        <a class="button" href={older}>
          Older →
        </a>
      )}
    </nav>
  ) : null;
