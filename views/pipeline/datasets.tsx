import type { EventSeen } from "../../db/queries/pipeline/read-events.ts";
import type { SubscriptionStanding } from "../../db/queries/pipeline/read-graph.ts";
import { Ago, Empty, Fact, Instant, Pager, Section, State, TableScroll } from "../components.tsx";
import { formatCount, formatDuration, formatInteger, formatLabel, formatValue, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { EventTable, Fates, type JobTitles, Producer } from "./events.tsx";

/** A job that a dataset wakes. */
type SubscriberView = Omit<SubscriptionStanding, "dataset">;

export type DatasetView = {
  name: string;
  /** Jobs that say they record events for it. */
  producers: string[];
  subscribers: SubscriberView[];
  events: number;
  lastEvent: { id: number; at: Date; runId: number } | null;
};

const JobLink = ({ id, titles }: { id: string; titles: JobTitles }) =>
  titles[id] === undefined ? <code>{id}</code> : <a href={`/jobs/${encodeURIComponent(id)}`}>{titles[id]}</a>;

const datasetUrl = (name: string) => `/datasets/${encodeURIComponent(name)}`;

const Subscriber = ({ one, titles, now }: { one: SubscriberView; titles: JobTitles; now: Date }) => (
  <>
    <JobLink id={one.jobId} titles={titles} />{" "}
    {one.waiting > 0 ? (
      <State
        state="waiting"
        label={`${formatCount(one.waiting, "event")} ${one.waiting === 1 ? "waits" : "wait"}${
          one.waitingSince ? `, for ${formatDuration(now.getTime() - one.waitingSince.getTime())}` : ""
        }`}
      />
    ) : (
      <State state="success" label="nothing waits" />
    )}
  </>
);

/** A name that goes on in the next line behind one of its slashes. */
const BreakAfterSlashes = ({ text }: { text: string }) => (
  <>
    {text.split(/(?<=\/)(?!\/)/).map((part) => (
      <>
        {part}
        <wbr />
      </>
    ))}
  </>
);

type ListProps = { shell: Shell; now: Date; datasets: DatasetView[]; titles: JobTitles };

/** Every dataset: who records events for it, whom they wake, and whether any waits. */
export const datasetsPage = ({ shell, now, datasets, titles }: ListProps) =>
  toDocument(
    <Page title="Datasets" shell={shell}>
      <header class="page-head">
        <h1>Datasets</h1>
      </header>
      <p class="lead">
        A job records an event when it has changed a dataset; the event waits for each job that reads it, and one run of
        that job claims it. <a href="/graph">See it as a graph</a>
      </p>
      <TableScroll label="Datasets">
        <table class="datasets">
          <thead>
            <tr>
              <th scope="col">Dataset</th>
              <th scope="col">Recorded by</th>
              <th scope="col">Wakes</th>
              <th scope="col" class="number">
                Events
              </th>
              <th scope="col">Last event</th>
            </tr>
          </thead>
          <tbody>
            {datasets.map((dataset) => (
              <tr>
                <th scope="row">
                  <a class="break" href={datasetUrl(dataset.name)}>
                    <BreakAfterSlashes text={dataset.name} />
                  </a>
                </th>
                <td>
                  {dataset.producers.length === 0
                    ? none
                    : dataset.producers.map((id) => <JobLink id={id} titles={titles} />)}
                </td>
                <td>
                  {dataset.subscribers.length === 0
                    ? none
                    : dataset.subscribers.map((one) => (
                        <div>
                          <Subscriber one={one} titles={titles} now={now} />
                        </div>
                      ))}
                </td>
                <td class="number">{formatInteger(dataset.events)}</td>
                <td class="nowrap">
                  {dataset.lastEvent ? (
                    <>
                      <a href={`/events/${dataset.lastEvent.id}`}>#{dataset.lastEvent.id}</a>{" "}
                      <Ago at={dataset.lastEvent.at} now={now} />
                    </>
                  ) : (
                    none
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Page>,
  );

export type DatasetPage = {
  now: Date;
  dataset: DatasetView;
  titles: JobTitles;
  events: EventSeen[];
  /** The path and query that give this view again. */
  url: string;
  isFirstPage: boolean;
  /** The id that the next page begins after; null on the last. */
  older: number | null;
};

const Facts = ({ dataset, titles, now }: Pick<DatasetPage, "dataset" | "titles" | "now">) => (
  <dl class="facts">
    <Fact term="Recorded by">
      {dataset.producers.length === 0 ? none : dataset.producers.map((id) => <JobLink id={id} titles={titles} />)}
    </Fact>
    {dataset.subscribers.map((one) => (
      <Fact term="Wakes">
        <Subscriber one={one} titles={titles} now={now} />
        {one.lastClaim && (
          <small>
            last claimed <a href={`/events/${one.lastClaim.eventId}`}>#{one.lastClaim.eventId}</a> in{" "}
            <a href={`/runs/${one.lastClaim.runId}`}>run {one.lastClaim.runId}</a>,{" "}
            <Ago at={one.lastClaim.at} now={now} />
          </small>
        )}
      </Fact>
    ))}
    <Fact term="Events">{formatInteger(dataset.events)}</Fact>
    <Fact term="Last event">
      <Ago at={dataset.lastEvent?.at ?? null} now={now} />
    </Fact>
  </dl>
);

/** One dataset's events; the newest refresh themselves. */
export const DatasetLive = ({ page }: { page: DatasetPage }) => {
  const { dataset, now, titles } = page;
  const isWaiting = dataset.subscribers.some(({ waiting }) => waiting > 0);
  const base = datasetUrl(dataset.name);
  return (
    <div
      id="dataset"
      {...(page.isFirstPage && {
        "hx-get": page.url,
        "hx-trigger": isWaiting ? "every 2s" : "every 10s",
        "hx-swap": "outerMorph",
      })}
    >
      <Facts dataset={dataset} titles={titles} now={now} />
      <Section id="events" title="Events" note="Newest first">
        {page.events.length === 0 ? (
          <Empty>
            <p>
              {page.isFirstPage ? "None yet. The first run that changes this dataset records one." : "No older ones."}
            </p>
          </Empty>
        ) : (
          <EventTable
            events={page.events}
            titles={titles}
            now={now}
            label={`Events of ${dataset.name}`}
            without="dataset"
          />
        )}
        <Pager
          newer={page.isFirstPage ? null : base}
          older={page.older === null ? null : `${base}?before=${page.older}`}
        />
      </Section>
    </div>
  );
};

/** One dataset: who records it, whom it wakes, and what became of each event. */
export const datasetPage = ({ shell, page }: { shell: Shell; page: DatasetPage }) =>
  toDocument(
    <Page title={page.dataset.name} shell={shell}>
      <header class="page-head">
        <h1 class="break">{page.dataset.name}</h1>
        <a href="/datasets">All datasets</a>
      </header>
      <DatasetLive page={page} />
    </Page>,
  );

type EventProps = { shell: Shell; now: Date; event: EventSeen; titles: JobTitles };

const payloadEntries = (payload: unknown): [string, unknown][] =>
  typeof payload === "object" && payload !== null && !Array.isArray(payload) ? Object.entries(payload) : [];

/** One event: all that it says, whence it came, and where it went. */
export const eventPage = ({ shell, now, event, titles }: EventProps) =>
  toDocument(
    <Page title={`Event ${event.id}`} shell={shell}>
      <header class="page-head">
        <h1>Event {event.id}</h1>
        <span>
          of{" "}
          <a class="break" href={datasetUrl(event.dataset)}>
            {event.dataset}
          </a>
        </span>
      </header>
      <dl class="facts">
        <Fact term="Recorded">
          <Instant at={event.createdAt} precise />
          <small>
            <Ago at={event.createdAt} now={now} />
          </small>
        </Fact>
        <Fact term="By">
          <Producer event={event} titles={titles} />
        </Fact>
      </dl>
      <Section id="woke" title="Claimed by" note="By one run of each job that it wakes">
        <Fates event={event} titles={titles} now={now} />
      </Section>
      <Section id="payload" title="What it says">
        <dl class="facts strong">
          {payloadEntries(event.payload).map(([key, value]) => (
            <Fact term={formatLabel(key)}>{formatValue(value)}</Fact>
          ))}
        </dl>
      </Section>
    </Page>,
  );
