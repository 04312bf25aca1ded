import { Ago, Empty, Instant, Section, TableScroll } from "../components.tsx";
import { formatChange, formatDate, formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import { Spark, toneOf } from "../market/tickers.tsx";
import type { Shell } from "../shell.ts";
import { formatMetric } from "./backtest-format.ts";
import { RunAgain } from "./scenario-parts.tsx";
import { ScenarioStar } from "./scenario-star.tsx";
import type { DeletedScenarioView, ListedScenarioView, ScenarioListView } from "./scenario-types.ts";

/** A form of one button that changes the list; exchanges the list alone where there are scripts. */
const ListButton = (props: { action: string; label: string; about: string; class?: string }) => (
  <form
    method="post"
    action={props.action}
    hx-post={props.action}
    hx-target="#scenario-list"
    hx-swap="outerMorph"
    hx-disable="find button"
  >
    <button type="submit" class={props.class ?? "link"}>
      {props.label}
      <span class="visually-hidden"> {props.about}</span>
    </button>
  </form>
);

const Data = ({ scenario }: { scenario: ListedScenarioView }) =>
  scenario.isCurrent ? (
    <span class="state good">
      <svg class="glyph" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d="M3 8.5l3.3 3.5L13 4.5" />
      </svg>
      Current
    </span>
  ) : (
    <div class="newer">
      <a class="state warn" href={`/scenarios/${scenario.id}`}>
        <svg class="glyph" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
          <path d="M8 3v6M8 12.5h.01" />
        </svg>
        Newer data
      </a>
      <RunAgain id={scenario.id} name={scenario.name} />
    </div>
  );

const Row = ({ scenario, now }: { scenario: ListedScenarioView; now: Date }) => (
  <tr id={`scenario-${scenario.id}`}>
    <td>
      <label class="pick">
        <input type="checkbox" name="ids" value={scenario.id} form="compare" />
        <span class="visually-hidden">Compare {scenario.name}</span>
      </label>
    </td>
    <th scope="row" class="scenario-name">
      <span class="starred">
        <ScenarioStar scenario={scenario} next="/scenarios" />
        <a href={`/scenarios/${scenario.id}`}>{scenario.name}</a>
      </span>
      <small>
        {scenario.subject}, {scenario.strategy}
        {scenario.parameters && ` ${scenario.parameters}`}
      </small>
    </th>
    <td class="nowrap">
      {formatDate(scenario.from)}
      <small>to {formatDate(scenario.to)}</small>
    </td>
    <td class={`number ${toneOf(scenario.totalReturn)}`}>{formatChange(scenario.totalReturn)}</td>
    <td class={`number ${toneOf(scenario.annualReturn)}`}>{formatChange(scenario.annualReturn)}</td>
    <td class="number">{formatMetric("sharpe", "ratio", scenario.sharpe)}</td>
    <td class={`number ${toneOf(scenario.maxDrawdown)}`}>{formatChange(scenario.maxDrawdown)}</td>
    <td class="number">{scenario.trades === null ? none : formatInteger(scenario.trades)}</td>
    <td class="spark-cell">
      <Spark closes={scenario.curve} />
    </td>
    <td>
      <Data scenario={scenario} />
    </td>
    <td class="nowrap">
      <Ago at={scenario.createdAt} now={now} />
      <small>{scenario.createdBy}</small>
    </td>
    <td>
      <div class="row-actions">
        <ListButton action={`/scenarios/${scenario.id}/duplicate`} label="Duplicate" about={scenario.name} />
        <ListButton action={`/scenarios/${scenario.id}/delete`} label="Delete" about={scenario.name} />
      </div>
    </td>
  </tr>
);

const columns: [string, string?][] = [
  ["Name"],
  ["Range"],
  ["Return", "number"],
  ["Annual", "number"],
  ["Sharpe", "number"],
  ["Drawdown", "number"],
  ["Trades", "number"],
  ["Equity"],
  ["Data"],
  ["Saved"],
];

const Table = ({ list, now }: { list: ScenarioListView; now: Date }) => (
  <>
    <form id="compare" class="compare-bar" method="get" action="/scenarios/compare">
      <button type="submit" class="button">
        Compare
      </button>
      <span class="note">Tick up to four.</span>
    </form>
    <TableScroll label="Scenarios">
      <table class="scenarios">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Compare</span>
            </th>
            {columns.map(([title, kind]) => (
              <th scope="col" class={kind}>
                {title}
              </th>
            ))}
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.scenarios.map((scenario) => (
            <Row scenario={scenario} now={now} />
          ))}
        </tbody>
      </table>
    </TableScroll>
    {(list.newest ?? list.older) && (
      <nav class="pager" aria-label="Pages">
        {list.newest && (
          <a class="button" href={list.newest}>
            ← Newest
          </a>
        )}
        {list.older && (
          <a class="button" href={list.older}>
            Older →
          </a>
        )}
      </nav>
    )}
  </>
);

const Deleted = ({ deleted }: { deleted: DeletedScenarioView[] }) => (
  <Section id="deleted" title="Recently deleted" note="They can be had back for 30 days">
    <ul class="deleted-scenarios">
      {deleted.map(({ id, name, deletedAt, goneAt }) => (
        <li>
          <span class="break">{name}</span>
          <span class="note">
            deleted <Instant at={deletedAt} />, gone for good after <Instant at={goneAt} />
          </span>
          <ListButton action={`/scenarios/${id}/restore`} label="Restore" about={name} class="button" />
        </li>
      ))}
    </ul>
  </Section>
);

/** The list, what was deleted of it, and the way back; exchanged whole. */
export const ScenarioList = ({ list, now }: { list: ScenarioListView; now: Date }) => (
  <div id="scenario-list">
    {list.undo && (
      <div class="undo" role="status">
        <p class="break">“{list.undo.name}” was deleted.</p>
        <ListButton action={`/scenarios/${list.undo.id}/restore`} label="Undo" about="" class="button" />
      </div>
    )}
    {list.problem && (
      <p class="field-error" role="alert">
        {list.problem}
      </p>
    )}
    <nav class="filter" aria-label="Which scenarios">
      <a href="/scenarios" aria-current={list.starred ? undefined : "true"}>
        All
      </a>
      <a href="/scenarios?starred=true" aria-current={list.starred ? "true" : undefined}>
        Favourites
      </a>
    </nav>
    {list.scenarios.length === 0 && list.starred ? (
      <Empty>
        <p>
          No scenario is a favourite. The star before a name makes it one. <a href="/scenarios">Show all</a>
        </p>
      </Empty>
    ) : list.scenarios.length === 0 ? (
      <Empty>
        <p>
          No scenario is saved. <a href="/backtest">Run a backtest</a> and save it: it keeps its settings, its figures
          and the version of the data that it ran on.
        </p>
      </Empty>
    ) : (
      <Table list={list} now={now} />
    )}
    {list.deleted.length > 0 && <Deleted deleted={list.deleted} />}
  </div>
);

/** Backtests that were saved by a name. */
export const scenariosPage = ({ shell, list, now }: { shell: Shell; list: ScenarioListView; now: Date }) =>
  toDocument(
    <Page title="Scenarios" shell={shell}>
      <header class="page-head">
        <h1>Scenarios</h1>
        <a class="button" href="/backtest">
          New backtest
        </a>
      </header>
      <ScenarioList list={list} now={now} />
    </Page>,
  );
