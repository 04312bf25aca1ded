import { Empty, HowToFill, Section, State, TableScroll } from "../components.tsx";
import { formatCount, formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { Words } from "./backtest-words.tsx";
import { Files, type StrategyFileView } from "./strategy-files.tsx";

export type ParameterView = {
  name: string;
  description: string;
  byDefault: number | null;
  least: number | null;
  /** Whether it has to be above the least, and not at it. */
  isAbove: boolean;
  most: number | null;
  isWhole: boolean;
};

export type StrategyView = {
  id: string;
  name: string;
  scope: "ticker" | "universe";
  description: string;
  /** The workspace's file that declares it; null of one that is shipped. */
  file: string | null;
  parameters: ParameterView[];
  badges: { id: string; label: string; passed: boolean; detail: string }[];
  /** A run of it; null where nothing is published to run on. */
  url: string | null;
};

type MetricView = {
  name: string;
  label: string;
  unit: "fraction" | "dollars" | "count" | "sessions" | "ratio";
  higherIsBetter: boolean | null;
  formula: string;
  source: string;
};

export type StrategiesProps = {
  shell: Shell;
  /** What the checks were made on; null where nothing is published. */
  checked: { ticker: string; sessions: number; tickers: number } | null;
  strategies: StrategyView[];
  files: StrategyFileView[];
  rules: { ticker: string[]; universe: string[] };
  metrics: MetricView[];
};

function boundsOf({ least, isAbove, most, isWhole }: ParameterView): string {
  const kind = isWhole ? "A whole number" : "A number";
  if (least === null || most === null) return `${kind}.`;
  const range = isAbove ? `above ${formatInteger(least)}, up to` : `from ${formatInteger(least)} to`;
  return `${kind} ${range} ${formatInteger(most)}.`;
}

const Parameters = ({ strategy }: { strategy: StrategyView }) => (
  <TableScroll label={`Parameters of ${strategy.name}`}>
    <table class="strategy-parameters">
      <thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col" class="number">
            Default
          </th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        {strategy.parameters.map((parameter) => (
          <tr>
            <th scope="row">
              <code>{parameter.name}</code>
            </th>
            <td class="number">{parameter.byDefault === null ? none : formatInteger(parameter.byDefault)}</td>
            <td>
              <Words text={parameter.description} /> <span class="note">{boundsOf(parameter)}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

const Strategy = ({ strategy }: { strategy: StrategyView }) => (
  <article class="strategy-card" id={`strategy-${strategy.id}`} aria-labelledby={`strategy-${strategy.id}-name`}>
    <header>
      <h3 id={`strategy-${strategy.id}-name`}>{strategy.name}</h3>
      <code>{strategy.id}</code>
      <span class="note">{strategy.scope === "universe" ? "chooses from all tickers" : "trades one ticker"}</span>
      {strategy.file && (
        <span class="note">
          your <code>{strategy.file}</code>
        </span>
      )}
      {strategy.url && (
        <a class="button" href={strategy.url} aria-label={`Backtest ${strategy.name}`}>
          Backtest
        </a>
      )}
    </header>
    <p>
      <Words text={strategy.description} />
    </p>
    {strategy.parameters.length > 0 ? <Parameters strategy={strategy} /> : <p class="note">It has no parameters.</p>}
    {strategy.badges.length > 0 && (
      <ul class="strategy-badges">
        {strategy.badges.map((badge) => (
          <li>
            <State state={badge.passed ? "pass" : "fail"} label={badge.label} />
            <span class="note">{badge.detail}</span>
          </li>
        ))}
      </ul>
    )}
  </article>
);

const Strategies = ({ strategies, checked }: StrategiesProps) => (
  <Section
    id="strategies"
    title="Strategies"
    note={
      checked &&
      `Checked on ${formatCount(checked.sessions, "session")} of ${checked.ticker}, those of the universe on ${formatCount(checked.tickers, "ticker")}`
    }
  >
    {checked === null && (
      <Empty>
        <p>
          Nothing is published yet, so no strategy could be checked on data. <HowToFill />
        </p>
      </Empty>
    )}
    {strategies.map((strategy) => (
      <Strategy strategy={strategy} />
    ))}
  </Section>
);

const Checks = () => (
  <Section id="checks" title="What the checks do">
    <ul class="prose">
      <li>
        <b>No look-ahead.</b> The strategy is run again on histories that end earlier, some of them right before the
        largest moves. What it said of a session then has to be what it says with the whole history. One of the universe
        is asked again at each rebalance without the others.
      </li>
      <li>
        <b>Warm-up.</b> There is no signal before the strategy is warm, and with the first sessions cut off, signals
        from the warm-up on are the same. Two things may still differ, and the badge says for how long they did: a
        position that was held before, until it is left, and recursive averages such as the MACD’s, whose memory fades
        and has to be gone after eight warm-ups.
      </li>
      <li>Both are made for every run too, on its own bars and parameters, and stand beside its result.</li>
      <li>
        A file of yours is put to both when it is found, on bars that are generated and always the same, and to two
        more: asked twice it says the same and leaves the bars as they were (<b>repeatable</b>), and at an eighth of the
        prices it says the same (<b>unit-free</b>). One that fails can be used, and says so here and beside each run.
      </li>
    </ul>
  </Section>
);

const Rules = ({ id, title, rules }: { id: string; title: string; rules: string[] }) => (
  <Section id={id} title={title}>
    <ol class="prose strategy-rules">
      {rules.map((rule, index) => (
        <li id={`${id}-${index + 1}`}>
          <Words text={rule} />
        </li>
      ))}
    </ol>
  </Section>
);

const units: Record<MetricView["unit"], string> = {
  fraction: "a part: 0.1 is 10 %",
  dollars: "dollars",
  count: "a number",
  sessions: "sessions",
  ratio: "a ratio",
};

const better = (higherIsBetter: boolean | null): string => {
  if (higherIsBetter === null) return "";
  return higherIsBetter ? ", higher is better" : ", lower is better";
};

const Metrics = ({ metrics }: { metrics: MetricView[] }) => (
  <Section
    id="metrics"
    title="Figures"
    note="By empyrical where it defines one, otherwise as backtesting.py’s table of results has it"
  >
    <p class="lead">
      R are the returns from close to close: one a session, the first from the starting capital, sessions without a
      position included. r is the risk-free rate of a session. A figure that is not defined is left blank, and is null
      in the API.
    </p>
    <dl class="metric-list">
      {metrics.map((metric) => (
        <div id={`metric-${metric.name}`}>
          <dt>
            <a href={`#metric-${metric.name}`}>{metric.label}</a> <code>{metric.name}</code>
          </dt>
          <dd>
            <Words text={metric.formula} />
            <span class="note">
              {units[metric.unit]}
              {better(metric.higherIsBetter)}; {metric.source === "own" ? "our own" : metric.source}
            </span>
          </dd>
        </div>
      ))}
    </dl>
  </Section>
);

/** Every strategy, every rule that runs follow, and how every figure is worked out. */
export const strategiesPage = (props: StrategiesProps) =>
  toDocument(
    <Page title="Strategies and rules" shell={props.shell}>
      <header class="page-head">
        <h1>Strategies and rules</h1>
        <nav class="page-jumps" aria-label="On this page">
          <a href="#strategies">Strategies</a>
          <a href="#files">Your files</a>
          <a href="#checks">Checks</a>
          <a href="#rules">Rules</a>
          <a href="#universe-rules">Rules of the universe</a>
          <a href="#metrics">Figures</a>
        </nav>
      </header>
      <Strategies {...props} />
      <Files files={props.files} />
      <Checks />
      <Rules id="rules" title="Rules of every run" rules={props.rules.ticker} />
      <Rules id="universe-rules" title="Rules of strategies of the universe" rules={props.rules.universe} />
      <Metrics metrics={props.metrics} />
    </Page>,
  );
