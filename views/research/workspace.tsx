import { Ago, Empty, Fact, Section, State, TableScroll } from "../components.tsx";
import { formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { FaultNote, Group } from "./workspace-group.tsx";
import type { OwnStrategy, WorkspacePageView } from "./workspace-view.ts";

const Facts = ({ view }: { view: WorkspacePageView }) => {
  const { groups, strategies } = view;
  const published = groups.filter(({ state }) => state === "published").length;
  const usable = strategies.filter(({ state }) => state === "ok").length;
  return (
    <dl class="facts">
      <Fact term="Folder">
        <code class="break">{view.folder}</code>
      </Fact>
      <Fact term="Groups published" class={published < groups.length && view.isCurrent ? "bad" : ""}>
        {formatInteger(published)} <small>of {formatInteger(groups.length)}</small>
      </Fact>
      <Fact term="Strategies in use" class={usable < strategies.length ? "bad" : ""}>
        {formatInteger(usable)} <small>of {formatInteger(strategies.length)}</small>
      </Fact>
      <Fact term="Read by a build">
        <Ago at={view.readAt} now={view.now} />
        <small>
          <Standing view={view} />
        </small>
      </Fact>
    </dl>
  );
};

/** Whether what is told is of the files as they are. */
const Standing = ({ view }: { view: WorkspacePageView }) => {
  if (view.isBuilding) {
    return (
      <>
        <State state="running" label="Being built" /> <a href="/jobs/stocks_polygon_workspace">by its job</a>
      </>
    );
  }
  if (view.isCurrent || view.groups.length === 0) return <>as it is now</>;
  return <State state="waiting" label="Changed since" />;
};

const Starting = () => (
  <Empty>
    <p>
      Nothing of your own is built yet. Examples lie in the folder, none of them in use: take <code>.example</code> off
      a name, and it is built within seconds.
    </p>
    <ul>
      <li>
        <code class="break">models/z_score.sql.example</code> as <code class="break">models/z_score.sql</code>: a column
        for the screener and every ticker’s page; <code class="break">models/z_score.yml.example</code> describes and
        tests it.
      </li>
      <li>
        <code class="break">seeds/sectors.csv.example</code> as <code class="break">seeds/sectors.csv</code>: a filter
        by sector.
      </li>
    </ul>
    <p>
      <code>README.md</code> there tells the rest; <code>bun run workspace check</code> tries everything without
      publishing it.
    </p>
  </Empty>
);

const Models = ({ view }: { view: WorkspacePageView }) => (
  <Section
    id="models"
    title="Models"
    note="Those that read each other are one group: built, tested and published together"
    aside={<a href="/graph?part=workspace">As a graph</a>}
  >
    {view.groups.length === 0 ? <Starting /> : view.groups.map((group) => <Group group={group} view={view} />)}
  </Section>
);

const strategyStates = {
  checking: ["running", "Being checked"],
  ok: ["success", "In use"],
  broken: ["failed", "Broken"],
} as const;

const Strategy = ({ strategy, now }: { strategy: OwnStrategy; now: Date }) => {
  const { file, state, id, message, problemFile, line } = strategy;
  const [look, label] = strategyStates[state];
  return (
    <tr>
      <th scope="row">
        {state === "ok" && id !== null ? (
          <a href={`/strategies#strategy-${id}`}>{strategy.name ?? id}</a>
        ) : (
          (id ?? none)
        )}
        <p class="note break">strategies/{file}</p>
        {message !== null && <FaultNote fault={{ message, file: `strategies/${problemFile ?? file}`, line }} />}
      </th>
      <td class="nowrap">
        <State state={look} label={label} />
      </td>
      <td>
        {strategy.checks.length === 0 ? (
          none
        ) : (
          <ul class="own-checks">
            {strategy.checks.map((check) => (
              <li title={check.detail}>
                <State state={check.passed ? "pass" : "fail"} label={check.label} />
              </li>
            ))}
          </ul>
        )}
      </td>
      <td class="nowrap">
        <Ago at={strategy.foundAt} now={now} />
      </td>
      <td class="nowrap">
        {state === "ok" && id !== null ? (
          <a href={`/backtest?${new URLSearchParams({ strategy: id })}`} aria-label={`Backtest ${strategy.name ?? id}`}>
            Backtest
          </a>
        ) : (
          none
        )}
      </td>
    </tr>
  );
};

const Strategies = ({ view }: { view: WorkspacePageView }) => (
  <Section id="strategies" title="Strategies" note="One file each, put to checks when it is found">
    {view.strategies.length === 0 ? (
      <Empty>
        <p>
          There is none yet: rename <code class="break">strategies/z-score.ts.example</code> to{" "}
          <code class="break">strategies/z-score.ts</code>, and it is in the <a href="/backtest">backtest form</a>{" "}
          within seconds.
        </p>
      </Empty>
    ) : (
      <TableScroll label="Strategies">
        <table class="own-nodes">
          <thead>
            <tr>
              <th scope="col">Strategy</th>
              <th scope="col">State</th>
              <th scope="col">Checks</th>
              <th scope="col">Found</th>
              <th scope="col">Use it</th>
            </tr>
          </thead>
          <tbody>
            {view.strategies.map((strategy) => (
              <Strategy strategy={strategy} now={view.now} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
  </Section>
);

const isWorking = ({ isBuilding, isCurrent, groups, strategies }: WorkspacePageView) =>
  isBuilding || (!isCurrent && groups.length > 0) || strategies.some(({ state }) => state === "checking");

/** All that changes while somebody looks; refreshes itself, and sooner while anything is being built. */
export const WorkspaceLive = ({ view }: { view: WorkspacePageView }) => (
  <div id="workspace" hx-get="/workspace" hx-trigger={isWorking(view) ? "every 1s" : "every 5s"} hx-swap="outerMorph">
    {view.problem !== null && (
      <p class="banner inline" role="alert">
        {view.problem}
      </p>
    )}
    <Facts view={view} />
    <Models view={view} />
    <Strategies view={view} />
  </div>
);

/** The people's own models, tests and strategies: what was found, how it stands, and what is wrong where. */
export const workspacePage = ({ shell, view }: { shell: Shell; view: WorkspacePageView }) =>
  toDocument(
    <Page title="Workspace" shell={shell}>
      <header class="page-head">
        <h1>Workspace</h1>
      </header>
      <p class="lead">
        Your own models, seeds, tests and strategies. They are files, edited where they lie; what changes is found,
        built and shown here within seconds. Nothing in them can hold back the market.
      </p>
      <WorkspaceLive view={view} />
    </Page>,
  );
