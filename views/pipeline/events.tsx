import type { EventClaim, EventSeen } from "../../db/queries/pipeline/read-events.ts";
import { Instant, State, TableScroll } from "../components.tsx";
import { formatDuration, formatLabel, formatPartition, formatSecond, formatUtc, formatValue } from "../format.ts";

/** Titles of jobs by id; a job that is no longer declared goes by its id. */
export type JobTitles = Record<string, string>;

type Payload = Record<string, unknown>;

const payloadOf = (payload: unknown): Payload =>
  typeof payload === "object" && payload !== null && !Array.isArray(payload) ? { ...payload } : {};

/** The sessions that a payload speaks of, whichever way its job writes them. */
function sessionsOf({ from, to, firstDate, lastDate }: Payload): string | null {
  const [first, last] = [from ?? firstDate, to ?? lastDate];
  if (typeof first !== "string") return null;
  return formatPartition(first, typeof last === "string" ? last : null);
}

const tellPart = ([key, value]: [string, unknown]) =>
  typeof value === "number"
    ? `${formatValue(value)} ${formatLabel(key).toLowerCase()}`
    : `${formatLabel(key).toLowerCase()} ${formatValue(value)}`;

/** What an event says, in a line: its sessions, its figures, its manifest. */
export function summarisePayload(payload: unknown): { text: string; key: string | null } {
  const values = payloadOf(payload);
  const told = new Set(["from", "to", "firstDate", "lastDate", "manifest"]);
  const sessions = sessionsOf(values);
  const parts = Object.entries(values)
    .filter(([key, value]) => !told.has(key) && value !== 0 && value !== null)
    .slice(0, 4)
    .map(tellPart);
  return {
    text: [...(sessions === null ? [] : [sessions]), ...parts].join(" · "),
    key: typeof values.manifest === "string" ? values.manifest : null,
  };
}

const PayloadSummary = ({ payload }: { payload: unknown }) => {
  const { text, key } = summarisePayload(payload);
  return (
    <>
      {text}
      {key !== null && <code class="key break">{key}</code>}
    </>
  );
};

/** How long an event waited for its run, with the instant of the claim in the title. */
const Wait = ({ event, claim }: { event: EventSeen; claim: EventClaim }) => (
  <time
    class="instant note nowrap"
    datetime={claim.claimedAt.toISOString()}
    title={`${formatSecond(claim.claimedAt)} New York, ${formatUtc(claim.claimedAt)}`}
  >
    claimed after {formatDuration(claim.claimedAt.getTime() - event.createdAt.getTime())}
  </time>
);

/** What became of an event in each job that it wakes: the run that claimed it and how long that took, or that it waits. */
export const Fates = ({ event, titles, now }: { event: EventSeen; titles: JobTitles; now: Date }) => (
  <ul class="fates">
    {event.claims.map((claim) => (
      <li>
        <a href={`/runs/${claim.runId}`}>run {claim.runId}</a> of {titles[claim.jobId] ?? claim.jobId}{" "}
        <State state={claim.state} /> <Wait event={event} claim={claim} />
      </li>
    ))}
    {event.waitingFor.map((jobId) => (
      <li>
        <State state="waiting" label={`waits for ${titles[jobId] ?? jobId}`} />{" "}
        <span class="note">for {formatDuration(now.getTime() - event.createdAt.getTime())}</span>
      </li>
    ))}
    {event.claims.length + event.waitingFor.length === 0 && <li class="note">wakes no job</li>}
  </ul>
);

/** The run and task that recorded an event. */
export const Producer = ({ event, titles }: { event: EventSeen; titles: JobTitles }) => {
  const { runId, jobId, partition, partitionTo, task } = event.producer;
  return (
    <>
      <a href={`/runs/${runId}`}>run {runId}</a> of {titles[jobId] ?? jobId}
      <small>
        {partition !== null && `${formatPartition(partition, partitionTo)}, `}
        task {task}
      </small>
    </>
  );
};

type EventTableProps = {
  events: EventSeen[];
  titles: JobTitles;
  now: Date;
  label: string;
  /** Columns that say the same in every row are left out: the dataset on its own page, the producer on its run's. */
  without?: "dataset" | "producer";
};

/** Dataset events, one a row: what it says, who recorded it, and which run it woke or whom it waits for. */
export const EventTable = ({ events, titles, now, label, without }: EventTableProps) => (
  <TableScroll label={label}>
    <table class="event-table">
      <thead>
        <tr>
          <th scope="col" class="number">
            Event
          </th>
          <th scope="col">When</th>
          {without !== "dataset" && <th scope="col">Dataset</th>}
          <th scope="col">Says</th>
          {without !== "producer" && <th scope="col">Recorded by</th>}
          <th scope="col">Claimed by</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr id={`event-${event.id}`}>
            <th scope="row" class="number">
              <a href={`/events/${event.id}`}>#{event.id}</a>
            </th>
            <td class="nowrap">
              <Instant at={event.createdAt} precise />
            </td>
            {without !== "dataset" && (
              <td>
                <a class="break" href={`/datasets/${encodeURIComponent(event.dataset)}`}>
                  {event.dataset}
                </a>
              </td>
            )}
            <td class="says">
              <PayloadSummary payload={event.payload} />
            </td>
            {without !== "producer" && (
              <td class="by">
                <Producer event={event} titles={titles} />
              </td>
            )}
            <td>
              <Fates event={event} titles={titles} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);
