import { Empty, ErrorNote, Fact, Instant, Progress, Section, State } from "../components.tsx";
import { formatElapsed, formatInteger } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import { MissingRole } from "../missing-roles.tsx";
import type { Shell } from "../shell.ts";
import { Found } from "./sweep-found.tsx";
import { titleOf } from "./sweep-parts.tsx";
import type { SweepView } from "./sweep-view.ts";

const stateLabel = (state: string) => (state === "interrupted" ? { label: "Interrupted" } : {});

/** How far a sweep is, and the way to stop it. */
const Under = ({ view }: { view: SweepView }) => {
  const { id, done, points, state, ticker } = view.summary;
  const isQueued = state === "queued";
  const isReading = ticker === null && done === 0;
  const run = `${formatInteger(done)} of ${formatInteger(points)} points have been run.`;
  return (
    <div class="sweep-progress">
      <p class="lead">
        {isQueued ? (view.isServed ? "It waits for the sweeps before it." : "It waits.") : run}{" "}
        {!isQueued && isReading && "First the market is read, and whom the points choose from it."}{" "}
        {view.cancelRequested && "It is being stopped."}
      </p>
      {!view.isServed && <MissingRole called="sweep" />}
      <Progress {...(!isQueued && { value: done, max: points })} label="Points that have been run" />
      <form method="post" action={`/sweeps/${id}/cancel`}>
        <button type="submit" class="button" disabled={view.cancelRequested}>
          Cancel
        </button>
        <noscript>
          <a class="button" href={`/sweeps/${id}`}>
            Look again
          </a>
        </noscript>
      </form>
    </div>
  );
};

const Asked = ({ view }: { view: SweepView }) => (
  <Section id="asked" title="What was asked" aside={<a href={view.again}>Change it and search again</a>}>
    <dl class="facts">
      {view.asked.map(({ term, value }) => (
        <Fact term={term}>{value}</Fact>
      ))}
    </dl>
  </Section>
);

const endings: Record<string, string> = {
  cancelled: "It was cancelled, and has found nothing.",
  interrupted: "The process that ran it ended in the middle. Nothing of it was kept: begin it again.",
};

/** A sweep as it stands: the part that is asked for again until it has ended. */
export const Sweep = ({ view }: { view: SweepView }) => {
  const { summary } = view;
  const polls = {
    "hx-get": `/sweeps/${summary.id}`,
    "hx-trigger": "every 1s",
    "hx-target": "#sweep",
    "hx-swap": "outerMorph",
  };
  return (
    <div id="sweep" {...(view.isOpen && polls)}>
      <dl class="facts strong">
        <Fact term="State">
          <State state={summary.state} {...stateLabel(summary.state)} />
        </Fact>
        <Fact term="Begun">
          <Instant at={view.startedAt} precise />
        </Fact>
        <Fact term="Took">{formatElapsed(view.startedAt, view.finishedAt, view.now)}</Fact>
        <Fact term="Points">{formatInteger(summary.points)}</Fact>
        <Fact term="By">{summary.createdBy}</Fact>
      </dl>
      {view.isOpen && <Under view={view} />}
      {view.error !== null && <ErrorNote error={{ name: "Error", message: view.error }} />}
      {view.error === null && endings[summary.state] !== undefined && (
        <Empty>
          <p>{endings[summary.state]}</p>
        </Empty>
      )}
      {view.found && <Found found={view.found} />}
      <Asked view={view} />
    </div>
  );
};

/** One sweep: how far it is, or what it found. */
export const sweepPage = ({ shell, view }: { shell: Shell; view: SweepView }) => {
  const { summary } = view;
  const title = titleOf(summary);
  return toDocument(
    <Page title={`Sweep of ${title}`} shell={shell} scripts={[shell.assets.sweep]}>
      <header class="page-head">
        <h1>Sweep of {title}</h1>
        <p class="note">
          <a href="/sweeps">All sweeps</a>; the newest {view.kept} are kept
        </p>
      </header>
      <Sweep view={view} />
    </Page>,
  );
};
