import type { Child } from "hono/jsx";
import type { ActionRow } from "../../db/queries/operations/read-actions.ts";
import { Instant } from "../components.tsx";
import { formatCount, formatDate, formatLabel, formatPartition } from "../format.ts";
import { keptTellings } from "../market/kept-actions.tsx";
import { scenarioTellings } from "../research/scenario-actions.tsx";
import { sqlTellings } from "../research/sql-actions.tsx";

/** Who needs no word that it came through the API. */
const apiToken = "API token";

const Run = ({ action }: { action: ActionRow }) =>
  action.runId === null ? (
    <>a run</>
  ) : (
    <>
      <a href={`/runs/${action.runId}`}>run {action.runId}</a>
      {action.partition !== null && ` (${formatPartition(action.partition, action.partitionTo)})`}
    </>
  );

const Task = ({ action }: { action: ActionRow }) => (
  <>
    <b>{action.taskName ?? "a task"}</b>
    {action.batch !== null && ` batch ${action.batch}`} of <Run action={action} />
  </>
);

const Backfill = ({ action }: { action: ActionRow }) =>
  action.backfillId === null ? (
    <>a backfill</>
  ) : (
    <a href={`/backfills/${action.backfillId}`}>backfill {action.backfillId}</a>
  );

const Job = ({ action, title }: { action: ActionRow; title: string | undefined }) =>
  action.jobId === null ? (
    <>a job</>
  ) : (
    <a href={`/jobs/${encodeURIComponent(action.jobId)}`}>{title ?? action.jobId}</a>
  );

/** Texts and numbers of the details by name; none where they are no object. */
function detailsOf({ details }: ActionRow): Record<string, string | number> {
  if (typeof details !== "object" || details === null) return {};
  const plain = (value: unknown) => typeof value === "string" || typeof value === "number";
  return Object.fromEntries(Object.entries(details).filter(([, value]) => plain(value)));
}

const tellDate = (value: string | number | undefined) =>
  typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value) ? formatDate(value) : String(value ?? "");

function tellRange(action: ActionRow): string {
  const { from, to, reprocess } = detailsOf(action);
  if (from === undefined || to === undefined) return "";
  return `: ${tellDate(from)} to ${tellDate(to)}${reprocess === undefined ? "" : `, ${reprocess} sessions`}`;
}

const changeWords: Record<string, string> = { concurrency: "runs at once", order: "order" };

/** `: runs at once 2, order newest`; `absent` is what null stands for. */
function tellChange({ details }: ActionRow, absent: string): string {
  const entries = Object.entries(typeof details === "object" && details !== null ? details : {});
  const told = entries.map(
    ([key, value]) => `${changeWords[key] ?? formatLabel(key).toLowerCase()} ${value ?? absent}`,
  );
  return told.length > 0 ? `: ${told.join(", ")}` : "";
}

const from = (action: ActionRow) => {
  const { address } = detailsOf(action);
  return address === undefined ? "" : ` from ${address}`;
};

/** One failure, or the one that blocked an address. */
function tellRefused(action: ActionRow): string {
  const { attempts } = detailsOf(action);
  const isBlocked = typeof attempts === "number" && attempts > 1;
  const count = isBlocked ? ` ${formatCount(attempts, "time")}` : "";
  return `gave a wrong password${count}${from(action)}${isBlocked ? ", and is blocked for a while" : ""}`;
}

function tellSignOut(action: ActionRow): string {
  const { ended } = detailsOf(action);
  return typeof ended === "number" ? `signed everybody out (${formatCount(ended, "sign-in")})` : "signed out";
}

const Quarantine = ({ action }: { action: ActionRow }) => {
  const { ticker = "" } = detailsOf(action);
  return (
    <>
      what was held back of{" "}
      <a href={`/quality/quarantine?${new URLSearchParams({ ticker: String(ticker) })}`}>{ticker || "a ticker"}</a>
    </>
  );
};

const tellEntry = (verb: string, href: string, what: string, detail: string) => (action: ActionRow) => {
  const { name, [detail]: more } = detailsOf(action);
  return (
    <>
      {verb} the <a href={href}>{what}</a> {more === undefined ? name : `${name} (${more})`}
    </>
  );
};
const tellToken = (verb: string) => tellEntry(verb, "/system#tokens", "API token", "scope");
const tellLogin = (verb: string) => tellEntry(verb, "/about#logins", "login of the database", "role");

type Telling = (action: ActionRow, title: string | undefined) => Child;

/** What was done, as a sentence that begins with who did it. */
const tellings: Record<string, Telling> = {
  "run.create": (action, title) => (
    <>
      queued <Run action={action} /> of <Job action={action} title={title} />
    </>
  ),
  "run.retry": (action) => (
    <>
      retried <Run action={action} />
    </>
  ),
  "run.clear": (action) => (
    <>
      cleared <Run action={action} /> to run again
    </>
  ),
  "run.cancel": (action) => (
    <>
      cancelled <Run action={action} />
    </>
  ),
  "run.mark": (action) => (
    <>
      marked <Run action={action} /> as {detailsOf(action).to ?? "ended"}
    </>
  ),
  "task.retry": (action) => (
    <>
      retried <Task action={action} />
    </>
  ),
  "task.clear": (action) => (
    <>
      cleared <Task action={action} /> and what follows it
    </>
  ),
  "task.mark": (action) => (
    <>
      marked <Task action={action} /> as {detailsOf(action).to ?? "ended"}
    </>
  ),
  "backfill.create": (action) => (
    <>
      asked for <Backfill action={action} />
      {tellRange(action)}
    </>
  ),
  "backfill.pause": (action) => (
    <>
      paused <Backfill action={action} />
    </>
  ),
  "backfill.resume": (action) => (
    <>
      resumed <Backfill action={action} />
    </>
  ),
  "backfill.change": (action) => (
    <>
      changed <Backfill action={action} />
      {tellChange(action, "as usual")}
    </>
  ),
  "backfill.cancel": (action) => (
    <>
      cancelled <Backfill action={action} />
    </>
  ),
  "backfill.retry": (action) => (
    <>
      retried {formatCount(Number(detailsOf(action).runs ?? 0), "failed run")} of <Backfill action={action} />
    </>
  ),
  "job.pause": (action, title) => (
    <>
      paused <Job action={action} title={title} />
    </>
  ),
  "job.resume": (action, title) => (
    <>
      resumed <Job action={action} title={title} />
    </>
  ),
  "split.decide": (action) => {
    const { ticker, date, decision } = detailsOf(action);
    return (
      <>
        said that <a href="/quality#splits">the split of {ticker}</a> on {tellDate(date)}{" "}
        {decision === "counts" ? "counts" : "does not count"}
      </>
    );
  },
  "retention.change": (action) => (
    <>
      changed <a href="/system">how long records are kept</a>
      {tellChange(action, "for ever")}
    </>
  ),
  "export.change": (action) => (
    <>
      changed <a href="/export">what is exported</a> to “{detailsOf(action).mode}”
    </>
  ),
  "housekeeping.run": () => (
    <>
      cleaned up <a href="/system">old records</a>
    </>
  ),
  "quarantine.release": (action) => (
    <>
      released <Quarantine action={action} />
    </>
  ),
  "quarantine.drop": (action) => (
    <>
      dropped <Quarantine action={action} />
    </>
  ),
  "alert.test": (action) => (
    <>
      sent a <a href="/alerts">test alert</a> by {detailsOf(action).channel}
    </>
  ),
  "alert.retry": (action) => (
    <>
      sent an <a href="/alerts">alert</a> by {detailsOf(action).channel} again
    </>
  ),
  ...scenarioTellings,
  ...sqlTellings,
  ...keptTellings,
  "access.sign_in": (action) => `signed in${from(action)}`,
  "access.sign_out": tellSignOut,
  "access.refused": tellRefused,
  "token.create": tellToken("made"),
  "token.revoke": tellToken("revoked"),
  "login.create": tellLogin("made"),
  "login.revoke": tellLogin("revoked"),
};

/** A kind that this list has no sentence for: its words, and what it was about. */
const tellOther: Telling = (action, title) => (
  <>
    {formatLabel(action.kind.replaceAll(".", " ")).toLowerCase()}
    {action.taskId !== null ? (
      <>
        {": "}
        <Task action={action} />
      </>
    ) : action.runId !== null ? (
      <>
        {": "}
        <Run action={action} />
      </>
    ) : action.jobId !== null ? (
      <>
        {": "}
        <Job action={action} title={title} />
      </>
    ) : null}
  </>
);

type ActionListProps = {
  actions: ActionRow[];
  /** Titles of jobs by id, where the page knows them. */
  titles?: Record<string, string>;
  label?: string;
};

/** Who did what and when, one a line with the reason they gave. Draws nothing where there is nothing. */
export const ActionList = ({ actions, titles = {}, label = "What people did" }: ActionListProps) =>
  actions.length === 0 ? null : (
    <ol class="deeds" aria-label={label}>
      {actions.map((action) => (
        <li id={`action-${action.id}`} class={action.kind === "access.refused" ? "warned" : undefined}>
          <Instant at={action.at} precise />
          <p>
            <b class="who">{action.actor}</b>{" "}
            {(tellings[action.kind] ?? tellOther)(action, action.jobId === null ? undefined : titles[action.jobId])}{" "}
            {action.via === "token" && <span class="tag">via token</span>}
            {action.via === "api" && action.actor !== apiToken && <span class="tag">API</span>}
          </p>
          {action.reason && <blockquote>{action.reason}</blockquote>}
        </li>
      ))}
    </ol>
  );
