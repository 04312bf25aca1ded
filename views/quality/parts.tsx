import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { Section, State, states } from "../components.tsx";
import { formatAgo, formatDuration, formatInteger, none } from "../format.ts";
import type { FreshnessRow, NodeLink } from "./types.ts";

const words: Record<string, string> = { idle: "Not run yet", fail: "Failed", error: "Error" };

/** How a test stands, in a word; a test that could not be asked at all is an error. */
export const TestState = ({ status }: { status: string }) => {
  const label = words[status];
  return label === undefined ? <State state={status} /> : <State state={status} label={label} />;
};

const marks = new Set(["pass", "warn", "fail", "error", "skipped"]);
const labelOf = (status: string | null) =>
  status === null ? "not run" : (states[status]?.label ?? "unknown").toLowerCase();

/** How a test went in each of some runs, the oldest first: one picture with its words. */
export const History = ({ history, runs }: { history: (string | null)[]; runs: number[] }) => {
  const counts = new Map<string, number>();
  for (const status of history) counts.set(labelOf(status), (counts.get(labelOf(status)) ?? 0) + 1);
  const label = [...counts].map(([word, count]) => `${formatInteger(count)} ${word}`).join(", ");
  // Raw, as a page has a thousand of them: classes are of a closed list, runs are numbers, words are ours.
  const squares = history.map((status, index) => {
    const name = status === null ? "none" : marks.has(status) ? status : "none";
    return `<i class="mark-run ${name}" title="Run ${Number(runs[index])}: ${labelOf(status)}"></i>`;
  });
  return history.length === 0 ? (
    <span class="note">{none}</span>
  ) : (
    <span class="history" role="img" aria-label={`Last ${history.length} runs, the oldest first: ${label}`}>
      {raw(squares.join(""))}
    </span>
  );
};

/** Links to models and sources, or a word where there are none. */
export const Links = (props: { links: NodeLink[]; nothing?: Child; isPlain?: boolean }) => {
  const { links, nothing = none, isPlain = false } = props;
  return links.length === 0 ? (
    <span class="note">{nothing}</span>
  ) : (
    <ul class="node-links">
      {links.map(({ name, href, kind }) => (
        <li>
          <a class="break" href={href}>
            <code>{name}</code>
          </a>{" "}
          {!isPlain && <span class="tag">{kind}</span>}
        </li>
      ))}
    </ul>
  );
};

/** SQL as it stands in a file or was asked, in a disclosure that is closed. */
export const SqlText = ({
  id,
  title,
  sql,
  open = false,
}: {
  id: string;
  title: string;
  sql: string;
  open?: boolean;
}) => (
  <details id={id} open={open}>
    <summary>{title}</summary>
    <pre class="sql" tabindex={0}>
      <code>{sql.trim()}</code>
    </pre>
  </details>
);

const limitOf = (label: string, ms: number | null) => (ms === null ? null : `${label} after ${formatDuration(ms)}`);

/** What a source's age may be. */
export const freshnessLimits = ({ warnAfterMs, errorAfterMs }: FreshnessRow) =>
  [limitOf("warns", warnAfterMs), limitOf("error", errorAfterMs)].filter(Boolean).join(", ") || none;

const freshWords = { pass: "Fresh", warn: "Getting old", error: "Too old" } as const;

/** How old each source is, against what it may be. */
export const Freshness = ({ rows, now }: { rows: FreshnessRow[]; now: Date }) => (
  <Section id="freshness" title="Freshness" note="The age of each source’s newest row">
    {rows.length === 0 ? (
      <p class="note">No source says how old it may be.</p>
    ) : (
      <ul class="freshness">
        {rows.map((row) => (
          <li>
            <a class="break" href={`/quality/sources/${encodeURIComponent(row.name)}`}>
              <code>{row.name}</code>
            </a>
            <span>
              <State state={row.status} label={freshWords[row.status]} />
              <b>{row.newest ? formatAgo(row.newest, now) : "no row yet"}</b>
            </span>
            <span class="note">{freshnessLimits(row)}</span>
          </li>
        ))}
      </ul>
    )}
  </Section>
);
