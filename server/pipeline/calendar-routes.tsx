import { type Context, Hono } from "hono";
import { selectYearAtWork, selectYears } from "../../db/queries/pipeline/read-calendar.ts";
import { firstCalendarDate, isIsoDate, lastCalendarDate } from "../../jobs/market/calendar.ts";
import { findJob } from "../../jobs/orchestrator/declared.ts";
import { activeStates } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import {
  type CalendarJob,
  CalendarLive,
  type CalendarView,
  calendarPage,
} from "../../views/pipeline/calendar-page.tsx";
import type { AppContext } from "../context.ts";
import { numberIn, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { type CalendarDay, currentYear, firstYear, lastYear, readCalendar } from "./calendar-read.ts";

const steps = ["ingest", "load", "transform"] as const;
const atWork = new Set<string>([...activeStates, "waiting"]);

const isActive = (day: CalendarDay) =>
  day.kind === "session" && steps.some((step) => atWork.has(day[step]?.state ?? ""));

/** A day that the trading calendar knows; null for anything else. */
function dayIn(c: Context): string | null {
  const day = c.req.query("day") ?? "";
  return isIsoDate(day) && day >= firstCalendarDate && day <= lastCalendarDate ? day : null;
}

/** The year asked for, else that of the day asked for; null where neither is. */
function yearIn(c: Context, day: string | null): number | null {
  const asked = numberIn(c, "year") ?? (day === null ? null : Number(day.slice(0, 4)));
  return asked !== null && asked >= firstYear && asked <= lastYear ? asked : null;
}

async function readView(context: AppContext, c: Context): Promise<CalendarView> {
  const current = currentYear(context);
  const chosenDate = dayIn(c);
  const asked = yearIn(c, chosenDate);
  const [withRuns, atWorkNow] = await Promise.all([
    selectYears(context.read, jobIds.ingest),
    asked === null ? selectYearAtWork(context.read, jobIds.ingest) : null,
  ]);
  const year =
    asked ?? atWorkNow ?? Math.min(withRuns.includes(current) ? current : (withRuns.at(-1) ?? current), lastYear);
  const days = await readCalendar(context, year);
  const declared = context.pipeline.orchestrator.jobs;
  const jobs = steps.map((step): CalendarJob => {
    const id = jobIds[step];
    return { step, id, title: findJob(declared, id)?.title ?? id };
  });
  return {
    year,
    years: [...new Set([...withRuns, current, year])].sort((one, other) => one - other),
    previous: year > firstYear ? year - 1 : null,
    next: year < lastYear ? year + 1 : null,
    job: jobs.find(({ id }) => id === c.req.query("job"))?.id ?? null,
    jobs,
    days,
    chosen:
      chosenDate === null ? null : { date: chosenDate, day: days.find(({ date }) => date === chosenDate) ?? null },
    isActive: days.some(isActive),
  };
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const view = await readView(context, c);
  if (wantsFragment(c, "calendar-live")) return c.html(<CalendarLive view={view} />);
  return c.html(calendarPage({ shell: await readShell(context, c), view }));
}

/** `/calendar`: a year of sessions, by what each job made of them. */
export function createCalendarRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/calendar", (c) => show(context, c));
  return routes;
}
