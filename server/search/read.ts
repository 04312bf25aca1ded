import { selectBackfills } from "../../db/queries/backfills/read-backfills.ts";
import { selectSavedScreens } from "../../db/queries/market/saved-screens.ts";
import { selectWatchlists } from "../../db/queries/market/watchlists.ts";
import { selectRun } from "../../db/queries/pipeline/read-runs.ts";
import { selectScenariosNamed } from "../../db/queries/research/read-search.ts";
import { formatCount } from "../../views/format.ts";
import { type Hit, hitKinds } from "../../views/search-types.ts";
import { siteActions, sitePages } from "../../views/site.ts";
import { tickerHref } from "../../views/ticker-href.ts";
import type { AppContext } from "../context.ts";
import { savedScreenUrl } from "../market/saved-screen-read.ts";
import { modelsOf, nodeHref, readProject, tableOf, testsOf } from "../quality/nodes.ts";
import { bestRank } from "./rank.ts";
import type { TickerIndex } from "./ticker-index.ts";

/** Names are not longer; more is not a search. */
export const longestQuery = 80;
/** Of one kind, so that no kind hides the others. */
const mostOfKind = 6;
const mostTickers = 12;

type Ranked = Hit & { rank: number };

/** What may answer: the text that it is called by first, and others about it that count for less. */
const ranked = (query: string, hit: Hit, ...others: string[]): Ranked[] => {
  const rank = bestRank(query, [[hit.label, 0], ...others.map((text) => [text, 2] as const)]);
  return rank === null ? [] : [{ ...hit, rank }];
};

const inSite = (query: string): Ranked[] => [
  ...sitePages.flatMap(({ label, group, description: note, href }) =>
    ranked(query, { kind: "Page", label, note, href }, `${group} ${label}`, note),
  ),
  ...siteActions.flatMap(({ label, description: note, href }) =>
    ranked(query, { kind: "Action", label, note, href }, note),
  ),
];

const inJobs = (query: string, { pipeline }: AppContext): Ranked[] =>
  pipeline.orchestrator.jobs.flatMap(({ id, title, description }) =>
    ranked(query, { kind: "Job", label: title, note: description, href: `/jobs/${encodeURIComponent(id)}` }, id),
  );

/** The number of `12`, `#12`, `run 12` or `backfill 12`, and of which kind it may be. */
function numberOf(query: string): { id: number; isRun: boolean; isBackfill: boolean } | null {
  const [, word = "", digits] = /^(run|backfill)?\s*#?([1-9]\d{0,14})$/i.exec(query) ?? [];
  if (digits === undefined) return null;
  const kind = word.toLowerCase();
  return { id: Number(digits), isRun: kind !== "backfill", isBackfill: kind !== "run" };
}

async function byNumber(query: string, { read }: AppContext): Promise<Ranked[]> {
  const number = numberOf(query);
  if (number === null) return [];
  const { id } = number;
  const [run, backfills] = await Promise.all([
    number.isRun ? selectRun(read, id) : null,
    number.isBackfill ? selectBackfills(read, { id }, 1) : [],
  ]);
  const hits: Ranked[] = [];
  if (run !== null) {
    const of = run.partition === null ? "" : ` of ${run.partition}`;
    hits.push({
      kind: "Run",
      label: `Run ${id}`,
      note: `${run.jobId}${of}, ${run.state}`,
      href: `/runs/${id}`,
      rank: 0,
    });
  }
  for (const { from, to, state } of backfills) {
    const note = `${from} to ${to}, ${state}`;
    hits.push({ kind: "Backfill", label: `Backfill ${id}`, note, href: `/backfills/${id}`, rank: 0 });
  }
  return hits;
}

async function inProject(query: string, context: AppContext): Promise<Ranked[]> {
  // Looking whether its files have changed takes longer than all else: once for all keys of a word.
  const { project } = await context.snapshots.of("project", () => readProject(context));
  const nodes = [...modelsOf(project), ...project.sources];
  return [
    ...nodes.flatMap(({ name, description: note }) =>
      ranked(query, { kind: "Model", label: tableOf(name), note, href: nodeHref(name) }),
    ),
    ...nodes.flatMap(({ name, columns }) =>
      columns.flatMap((column) =>
        ranked(query, {
          kind: "Column",
          label: column.name,
          note: `of ${tableOf(name)}${column.description ? `: ${column.description}` : ""}`,
          href: `${nodeHref(name)}#column-${column.name}`,
        }),
      ),
    ),
    ...testsOf(project).flatMap(({ name, subject }) =>
      ranked(query, {
        kind: "Test",
        label: name,
        note: subject === null ? "of the warehouse" : `of ${subject}`,
        href: `/quality/tests/${encodeURIComponent(name)}`,
      }),
    ),
  ];
}

async function inScenarios(query: string, { read }: AppContext): Promise<Ranked[]> {
  const rows = await selectScenariosNamed(read, query, mostOfKind);
  return rows.flatMap(({ id, name }) =>
    ranked(query, { kind: "Scenario", label: name, note: "a backtest that was saved", href: `/scenarios/${id}` }),
  );
}

/** Few of either, so that all of them are looked at. */
async function inLists(query: string, { read }: AppContext): Promise<Ranked[]> {
  const [lists, screens] = await Promise.all([selectWatchlists(read), selectSavedScreens(read)]);
  return [
    ...lists.flatMap(({ id, name, tickers }) =>
      ranked(query, {
        kind: "Watchlist",
        label: name,
        note: formatCount(tickers, "ticker"),
        href: `/watchlists/${id}`,
      }),
    ),
    ...screens.flatMap(({ name, query: kept }) =>
      ranked(query, { kind: "Screen", label: name, note: "a saved screen", href: savedScreenUrl(kept) }),
    ),
  ];
}

async function inTickers(query: string, tickers: TickerIndex): Promise<Ranked[]> {
  const found = await tickers.find(query, mostTickers);
  return found.map(({ ticker, name, active, former, rank }) => {
    const notes = [name, former && `formerly ${former}`, !active && "no longer listed"].filter(Boolean);
    return { kind: "Ticker", label: ticker, note: notes.join(", "), href: tickerHref(ticker), rank };
  });
}

const order = new Map(hitKinds.map((kind, index) => [kind, index]));

/** All that a text finds, the best first: of equally good answers tickers before actions, and these before pages. */
export async function search(context: AppContext, tickers: TickerIndex, query: string): Promise<Hit[]> {
  if (query === "") return [];
  const answers = await Promise.all([
    inTickers(query, tickers),
    byNumber(query, context),
    inProject(query, context),
    inScenarios(query, context),
    inLists(query, context),
  ]);
  const hits = [...answers.flat(), ...inSite(query), ...inJobs(query, context)];
  const kindOf = ({ kind }: Hit) => order.get(kind) ?? 0;
  // Stable: what a kind answers in its own order stays so.
  hits.sort((one, other) => one.rank - other.rank || kindOf(one) - kindOf(other));
  const counts = new Map<string, number>();
  return hits.flatMap(({ rank: _, ...hit }) => {
    const count = (counts.get(hit.kind) ?? 0) + 1;
    counts.set(hit.kind, count);
    return count > (hit.kind === "Ticker" ? mostTickers : mostOfKind) ? [] : [hit];
  });
}
