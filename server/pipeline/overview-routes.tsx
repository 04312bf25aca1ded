import { type Context, Hono } from "hono";
import { selectPartitionRange, selectPaths, selectYearAtWork } from "../../db/queries/pipeline/read-calendar.ts";
import { lastSettledSession, newYorkDate } from "../../jobs/market/calendar.ts";
import { activeStates } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type Coverage, CoverageLive, OverviewLive, overviewPage } from "../../views/pipeline/overview.tsx";
import type { AppContext } from "../context.ts";
import { numberIn, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readWatchPanel } from "../market/watchlist-read.ts";
import { daysBetween } from "./days.ts";
import { readOverviewStatus } from "./overview-page.ts";
import { createPublishedRange, type PublishedRange } from "./published-range.ts";
import { readWishes, wantedOf } from "./schedule-read.ts";

const atWork = new Set<string>([...activeStates, "fetched", "loaded"]);

/** The calendar of one year: the one asked for, else that at work, else the last that has anything. What catchup passed over is not wanted. */
async function readCoverage(context: AppContext, asked: number | null): Promise<Coverage> {
  const now = context.now();
  const thisYear = Number(newYorkDate(now).slice(0, 4));
  const [range, wishes, atWorkNow] = await Promise.all([
    selectPartitionRange(context.read, jobIds.ingest),
    readWishes(context),
    asked === null ? selectYearAtWork(context.read, jobIds.ingest) : null,
  ]);
  const yearOf = (date: string | undefined) => (date === undefined ? thisYear : Number(date.slice(0, 4)));
  const first = Math.min(yearOf(range?.first), yearOf(wishes.due[0]));
  const years = Array.from({ length: thisYear - first + 1 }, (_, index) => thisYear - index);
  const wanted = new Set(wantedOf(wishes));
  const last = wanted.size > 0 ? thisYear : yearOf(range?.last);
  const year = [asked, atWorkNow, last].find((one) => one !== null && years.includes(one)) ?? thisYear;
  const [from, to] = [`${year}-01-01`, `${year}-12-31`];
  const paths = await selectPaths(context.read, jobIds, from, to);
  const days = daysBetween(from, to, { paths, wanted, lastSettled: lastSettledSession(now) });
  return { year, years, days, isActive: days.some((day) => atWork.has(day.state)) };
}

/** Both halves ask for themselves every second or two in each open window, while the pipeline needs the database. */
async function overview(context: AppContext, published: PublishedRange, c: Context): Promise<Response> {
  const year = numberIn(c, "year");
  const readStatus = () => context.snapshots.of("overview", () => readOverviewStatus(context, published));
  const readYear = () => context.snapshots.of(`coverage ${year}`, () => readCoverage(context, year));
  if (wantsFragment(c, "overview")) return c.html(<OverviewLive status={await readStatus()} />);
  if (wantsFragment(c, "coverage-live")) return c.html(<CoverageLive coverage={await readYear()} />);
  const [shell, status, coverage, watch] = await Promise.all([
    readShell(context, c),
    readStatus(),
    readYear(),
    readWatchPanel(context),
  ]);
  return c.html(overviewPage({ shell, status, coverage, watch }));
}

/** `/`: the page, or the half of it that refreshes itself. */
export function createOverviewRoutes(context: AppContext): Hono {
  const routes = new Hono();
  const published = createPublishedRange(context.read);
  routes.get("/", (c) => overview(context, published, c));
  return routes;
}
