import { Empty, State } from "../components.tsx";
import { formatCount } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { LogLines, type LogLineView } from "./log-lines.tsx";

/** Which lines are asked for. */
export type LogFilterView = { level: string | null; text: string | null; try: number | null };

/** A log, or a page of it. */
export type LogView = {
  /** Names the list in this page, and what it is of. */
  title: string;
  /** Of a whole run: each line says its task. */
  hasTask: boolean;
  lines: LogLineView[];
  /** The id of the last line shown, or where this page of the log begins. */
  last: number;
  /** Whether this page was asked for as the end of the log. */
  isAtEnd: boolean;
  filter: LogFilterView;
  /** Tries to choose from; none where there is one, or several tasks. */
  tries: number[];
  urls: {
    /** Shows the log anew with what the form says. */
    form: string;
    /** This view again. */
    self: string;
    text: string;
    /** Where new lines come from; null where there will be none, or where this is not the end of the log. */
    stream: string | null;
    first: string | null;
    earlier: string | null;
    later: string | null;
    newest: string | null;
  };
};

const levels: [string, string][] = [
  ["", "All levels"],
  ["info", "Info and above"],
  ["warn", "Warnings and errors"],
  ["error", "Errors"],
];

const Filter = ({ log }: { log: LogView }) => (
  <form method="get" action={log.urls.form} class="log-filter">
    <label>
      <span class="visually-hidden">Level</span>
      <select name="level">
        {levels.map(([value, label]) => (
          <option value={value} selected={value === (log.filter.level ?? "")}>
            {label}
          </option>
        ))}
      </select>
    </label>
    {log.tries.length > 1 && (
      <label>
        <span class="visually-hidden">Try</span>
        <select name="try">
          <option value="">All tries</option>
          {log.tries.map((number) => (
            <option value={String(number)} selected={number === log.filter.try}>
              Try {number}
            </option>
          ))}
        </select>
      </label>
    )}
    <label>
      <span class="visually-hidden">Text to find</span>
      <input type="search" name="q" value={log.filter.text ?? ""} placeholder="Find in the whole log" maxlength={200} />
    </label>
    <button type="submit" class="button">
      Show
    </button>
  </form>
);

const Pages = ({ urls }: { urls: LogView["urls"] }) => (
  <nav class="log-pages" aria-label="Pages of the log">
    {urls.first && <a href={urls.first}>From the start</a>}
    {urls.earlier && <a href={urls.earlier}>← Earlier lines</a>}
    {urls.later && <a href={urls.later}>Later lines →</a>}
    {urls.newest && <a href={urls.newest}>The end</a>}
  </nav>
);

const isFiltered = ({ level, text, try: number }: LogFilterView) => level !== null || text !== null || number !== null;

/** The bar above the lines. Buttons that only a script can serve are hidden until there is one. */
const Bar = ({ log }: { log: LogView }) => (
  <div class="log-bar">
    <Filter log={log} />
    <label class="check">
      <input type="checkbox" id="log-wrap" checked />
      Wrap
    </label>
    {log.urls.stream && (
      <label class="check" hidden data-log="follow-label">
        <input type="checkbox" id="log-follow" checked />
        Follow
      </label>
    )}
    <span class="log-links">
      <button type="button" class="link" data-log="copy" data-from={log.urls.text} hidden>
        Copy all
      </button>
      <a href={log.urls.text} download>
        Download
      </a>
      {log.urls.stream && (
        <a href={log.urls.self} data-log="refresh">
          Refresh
        </a>
      )}
    </span>
    <p class="log-state" role="status" data-log="state" />
  </div>
);

/** A log with its filter, its pages and, where more is to come, its live end. */
export const Log = ({ log }: { log: LogView }) => (
  <div class="log-view" id="log-view">
    <Bar log={log} />
    <Pages urls={{ ...log.urls, later: null, newest: null }} />
    <section class="scroll" aria-label={log.title} tabindex={0} id="log-scroll">
      <ol
        class={`log ${log.hasTask ? "of-run" : ""}`}
        id="log"
        data-at-end={log.isAtEnd ? "yes" : undefined}
        {...(log.urls.stream && { "data-stream": log.urls.stream, "data-last": String(log.last) })}
      >
        <LogLines lines={log.lines} hasTask={log.hasTask} />
      </ol>
      {log.lines.length === 0 && (
        <div id="log-empty">
          <Empty>
            {isFiltered(log.filter) ? "No line is like that." : "Nothing was logged yet. Lines show here as they come."}
          </Empty>
        </div>
      )}
      <span id="log-end" />
    </section>
    <a class="button log-jump" href="#log-end" data-log="jump">
      Jump to the end
    </a>
    <Pages urls={{ ...log.urls, first: null, earlier: null }} />
  </div>
);

/** The script that keeps a log live; on pages with one. */
export const LogScript = ({ shell }: { shell: Shell }) => <script src={shell.assets.log} defer />;

/** What a log is of, and the way back to it. */
export type LogHead = { title: string; state: string; back: { href: string; label: string }[] };

/** The log of a run, of a task or of one try of it, on a page of its own. */
export const logPage = ({ shell, head, log }: { shell: Shell; head: LogHead; log: LogView }) =>
  toDocument(
    <Page title={head.title} shell={shell}>
      <header class="page-head">
        <h1>{head.title}</h1>
        <State state={head.state} />
        {head.back.map(({ href, label }) => (
          <a href={href}>{label}</a>
        ))}
        {log.urls.stream === null && <span class="note">{formatCount(log.lines.length, "line")} shown</span>}
      </header>
      <Log log={log} />
      <LogScript shell={shell} />
    </Page>,
  );
