import { raw } from "hono/html";
import { formatCount, formatDuration, formatPartition } from "../format.ts";
import type { GridCell, GridJob, GridRun } from "./grid-types.ts";

/**
 * The table of one job. It is put together as text, for which JSX takes three times as long: a thousand runs are ten thousand
 * elements. End tags are left out where HTML lets one. `escapeText` is applied to everything that is not a number or a word of
 * ours.
 */

const marks: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeText = (text: string) => text.replace(/[&<>"']/g, (mark) => marks[mark] ?? "");

/** How each state is called, and the class that draws it; see grid-states.css. */
const looks: Record<string, { word: string; look: string }> = {
  success: { word: "success", look: "s" },
  failed: { word: "failed", look: "f" },
  running: { word: "running", look: "r" },
  queued: { word: "queued", look: "q" },
  cancelled: { word: "cancelled", look: "c" },
  waiting: { word: "waiting", look: "w" },
  unreached: { word: "not reached", look: "u" },
};

/** The class and the word of a state, in the order of the legend. */
export const legend = Object.values(looks);

/** An unknown state shows as its own name; it is the one word here that is not ours. */
const lookOf = (state: string) => looks[state] ?? { word: escapeText(state), look: "w" };
const unreached: GridCell = { state: "unreached", done: 0, total: 0, ms: null };

/** Pixels of the longest run's bar, and of the part below it that holds the glyph of the state. */
const barHeight = 56;
const baseHeight = 14;

/** Above so many runs the columns are narrow, and counts and days are told when one points at them. */
const wideColumns = 120;

/** Characters that fit a wide column; a longer count shows as a share, or as its total once all of it is done. */
const countRoom = 5;

function shortCount({ done, total }: GridCell): string {
  const count = `${done}/${total}`;
  if (count.length <= countRoom) return count;
  return done === total ? String(total) : `${Math.floor((done / total) * 100)}%`;
}

/** What a run is, in one line of HTML: for who listens to the column's head, and for who points at it. */
function describeRun(run: GridRun): string {
  const sessions = run.first === null ? "no session" : escapeText(formatPartition(run.first, run.last));
  const events = run.events > 0 ? `${formatCount(run.events, "event")}, ` : "";
  const trigger = run.backfillId === null ? escapeText(run.trigger) : `backfill ${run.backfillId}`;
  const took = run.ms === null ? "not started" : formatDuration(run.ms);
  return `Run ${run.id} · ${events}${sessions} · ${trigger} · ${lookOf(run.state).word} · ${took}`;
}

function head(run: GridRun, longest: number, isWide: boolean): string {
  const height = baseHeight + Math.round((barHeight * (run.ms ?? 0)) / longest);
  const day = isWide ? `<i aria-hidden=true>${escapeText(run.last?.slice(8) ?? "")}</i>` : "";
  return `<th scope=col><a class=${lookOf(run.state).look} href=/runs/${run.id}><svg height=${height} aria-hidden=true></svg>${day}<span>${describeRun(run)}</span></a>`;
}

function cell(run: GridRun, step: number, isMapped: boolean, isWide: boolean): string {
  const at = run.cells[step] ?? unreached;
  const { word, look } = lookOf(at.state);
  const hasCount = isMapped && at.total > 0;
  const count = hasCount && isWide ? `<b aria-hidden=true>${shortCount(at)}</b>` : "";
  const told = `${word}${hasCount ? ` ${at.done}/${at.total}` : ""}${at.ms === null ? "" : ` ${formatDuration(at.ms)}`}`;
  return `<td><a class=${look} href=/runs/${run.id}#step-${step}>${count}${told}</a>`;
}

/** Neighbours of one month under one head, so that one sees where in the years one is. */
function months(runs: GridRun[]): string {
  const groups: { month: string; runs: number }[] = [];
  for (const run of runs) {
    const last = groups.at(-1);
    // A run without a session stands with its neighbour.
    const month = run.last?.slice(0, 7) ?? last?.month ?? "";
    if (last?.month === month) last.runs += 1;
    else groups.push({ month, runs: 1 });
  }
  return groups
    .map(({ month, runs: span }) => `<th colspan=${span} scope=colgroup><span>${escapeText(monthName(month))}</span>`)
    .join("");
}

/** "2020-01" as "Jan 2020". */
const monthName = (month: string) =>
  /^\d{4}-\d{2}$/.test(month) ? formatPartition(`${month}-01`, null).slice(2) : month;

/** What was made of jobs that several people look at: as long as somebody keeps the job. */
const made = new WeakMap<GridJob, ReturnType<typeof makeTable>>();

/** Runs by tasks; see the note at the top of the file for why it is text. It is made once for a job that was read once for several readers. */
export function gridTable(job: GridJob, id: string): ReturnType<typeof makeTable> {
  const known = made.get(job) ?? makeTable(job, id);
  made.set(job, known);
  return known;
}

function makeTable(job: GridJob, id: string) {
  const { runs } = job;
  const isWide = runs.length <= wideColumns;
  const longest = Math.max(1, ...runs.map((run) => run.ms ?? 0));
  const rows = job.tasks.map(
    (task, step) =>
      `<tr${task.isMapped ? " class=mapped" : ""}><th scope=row title="${escapeText(task.description)}">${escapeText(task.name)}${runs.map((run) => cell(run, step, task.isMapped, isWide)).join("")}`,
  );
  const marks = runs.some((run) => run.ms) ? [longest, longest / 2, 0] : [];
  const axis = marks.map((ms) => `<b>${ms === 0 ? "0" : formatDuration(ms)}</b>`).join("");
  // Escaped where it is made; raw because it is markup.
  return raw(
    `<table class="grid-table ${isWide ? "wide" : "narrow"}" id="${escapeText(id)}"><caption class=visually-hidden>${escapeText(job.title)}: runs from the oldest to the newest, and the state of each task</caption><thead><tr class=grid-months><td>${months(runs)}<tr class=grid-bars><th scope=col class=axis><span class=visually-hidden>Task; the bars on top show how long runs took, up to </span>${axis}${runs.map((run) => head(run, longest, isWide)).join("")}<tbody>${rows.join("")}</table>`,
  );
}
