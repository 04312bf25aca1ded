import type { Fault } from "../../jobs/workspace/types.ts";
import type { WorkspaceGroupView } from "../../jobs/workspace/view.ts";
import { Ago, State, TableScroll } from "../components.tsx";
import { formatCount, formatDuration, formatInteger, none } from "../format.ts";
import { Words } from "./backtest-words.tsx";
import type { OwnGroup, OwnNode, UnofferedColumn, WorkspacePageView } from "./workspace-view.ts";

type StateOf = OwnNode["state"] | "changed";

/** The state whose look it has, and its word. */
const stateWords: Record<NonNullable<StateOf>, readonly [string, string]> = {
  published: ["success", "Published"],
  failed: ["failed", "Failed"],
  timed_out: ["failed", "Took too long"],
  refused: ["failed", "Refused"],
  waiting: ["waiting", "Waiting"],
  skipped: ["skipped", "Held back"],
  changed: ["queued", "Changed, to be built"],
};

const OwnState = ({ state }: { state: StateOf }) => {
  const [look, label] = state === null ? ["idle", "Not built yet"] : stateWords[state];
  return <State state={look} label={label} />;
};

/** A test is not published, it passes; one that nothing is known of has not run. */
const TestState = ({ state }: { state: OwnNode["state"] }) => {
  if (state === "published") return <State state="pass" />;
  return state === null ? <State state="idle" label="Not run yet" /> : <OwnState state={state} />;
};

/** `models/z_score.sql:3`, as editors and terminals open it. */
const placeOf = ({ file, line }: Pick<Fault, "file" | "line">) =>
  file === null ? null : line === null ? file : `${file}:${line}`;

/** What is wrong, and where. */
export const FaultNote = ({ fault }: { fault: Fault }) => {
  const place = placeOf(fault);
  return (
    <p class="fault">
      {place !== null && <code class="break">{place}</code>} <Words text={fault.message} />
    </p>
  );
};

/** All that is said of a group, each once. */
function faultsOf({ fault, faults, nodes }: OwnGroup): Fault[] {
  const all = [...(fault ? [fault] : []), ...faults, ...nodes.flatMap((node) => node.fault ?? [])];
  const keyOf = (one: Fault) => `${placeOf(one)} ${one.message}`;
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}

const Tests = ({ node }: { node: OwnNode }) => {
  const all = node.testsPassed + node.testsFailed;
  if (all === 0) return <>{none}</>;
  return node.testsFailed > 0 ? (
    <State state="fail" label={`${formatInteger(node.testsFailed)} of ${formatCount(all, "test")} failed`} />
  ) : (
    <>{formatInteger(all)} passed</>
  );
};

const whyWords: Record<UnofferedColumn["why"], (column: UnofferedColumn) => string> = {
  name: () => "its name has other characters than A–Z, a–z, 0–9 and _",
  model_name: () => "the model’s name has other characters than A–Z, a–z, 0–9 and _",
  type: ({ sqlType }) => `${sqlType} is no number, text or boolean`,
  unreadable: () => "it cannot be read as it was published",
};

const Unoffered = ({ node }: { node: OwnNode }) =>
  node.unoffered.length === 0 ? null : (
    <p class="note">
      Not offered:{" "}
      {node.unoffered.map((one, index) => (
        <>
          {index > 0 && "; "}
          <code>{one.column}</code>, as {whyWords[one.why](one)}
        </>
      ))}
    </p>
  );

/** More in one address is no table that anybody reads. */
const columnsInLink = 12;

/** More lines in one chart are no chart. */
const linesInLink = 3;

/** On the chart what makes lines, numbers by session; of anything else the place where a page lists it. */
function linesOf({ name, offered, published }: OwnNode): string {
  const numbers = published?.columns.filter(({ kind }) => kind === "number").map((one) => `${name}.${one.name}`) ?? [];
  const lines = published?.grain === "ticker" ? [] : offered.filter((column) => numbers.includes(column));
  return lines.length > 0 ? `?indicators=${lines.slice(0, linesInLink).join(",")}` : "#indicators";
}

const Shown = ({ node, ticker }: { node: OwnNode; ticker: string | null }) =>
  node.offered.length === 0 ? (
    <span>{none}</span>
  ) : (
    <span class="own-links">
      <a
        href={`/screener?columns=${node.offered.slice(0, columnsInLink).join(",")}`}
        aria-label={`Screener with the columns of ${node.name}`}
      >
        Screener
      </a>
      {ticker !== null && (
        <a
          href={`/tickers/${encodeURIComponent(ticker)}${linesOf(node)}`}
          aria-label={`${node.name} on the page and chart of ${ticker}`}
        >
          {ticker}
        </a>
      )}
    </span>
  );

const hrefOf = ({ kind, name }: OwnNode) =>
  `/quality/${kind === "test" ? "tests" : "models"}/${encodeURIComponent(name)}`;

const NodeRow = ({ node, view }: { node: OwnNode; view: WorkspacePageView }) => (
  <tr>
    <th scope="row">
      <a class="break" href={hrefOf(node)}>
        <code>{node.name}</code>
      </a>
      <p class="note break">
        {node.kind === "model" ? (node.materialization ?? "model") : node.kind}, {node.file}
      </p>
      {node.note !== null && <p class="note">{node.note}</p>}
      <Unoffered node={node} />
    </th>
    <td class="nowrap">
      <OwnState state={node.state} />
    </td>
    <td class="number">{node.rows === null ? none : formatInteger(node.rows)}</td>
    <td class="nowrap">
      <Tests node={node} />
    </td>
    <td class="nowrap">
      <Ago at={node.builtAt} now={view.now} />
    </td>
    <td class="number nowrap">{node.durationMs === null ? none : formatDuration(node.durationMs)}</td>
    <td class="nowrap">
      <Shown node={node} ticker={view.ticker} />
    </td>
  </tr>
);

const Nodes = ({ nodes, label, view }: { nodes: OwnNode[]; label: string; view: WorkspacePageView }) => (
  <TableScroll label={label}>
    <table class="own-nodes">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">State</th>
          <th scope="col" class="number">
            Rows
          </th>
          <th scope="col">Tests</th>
          <th scope="col">Built</th>
          <th scope="col" class="number">
            Took
          </th>
          <th scope="col">Shown in</th>
        </tr>
      </thead>
      <tbody>
        {nodes.map((node) => (
          <NodeRow node={node} view={view} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

const OwnTests = ({ tests, id }: { tests: OwnNode[]; id: string }) =>
  tests.length === 0 ? null : (
    <details id={`${id}-tests`} open={tests.some(({ state }) => state !== "published")}>
      <summary>{formatCount(tests.length, "test")}</summary>
      <ul class="own-tests">
        {tests.map((node) => (
          <li>
            <TestState state={node.state} />
            <a class="break" href={hrefOf(node)}>
              {node.name}
            </a>
            <span class="note break">{node.file}</span>
          </li>
        ))}
      </ul>
    </details>
  );

/** When it was built last, by which run, and what stands meanwhile. */
const LastBuild = ({ group, now }: { group: WorkspaceGroupView; now: Date }) => (
  <span class="note">
    {group.runId !== null && (
      <>
        <a href={`/runs/${group.runId}`}>run {group.runId}</a>{" "}
      </>
    )}
    {group.checkedAt !== null && <Ago at={group.checkedAt} now={now} />}
    {group.durationMs !== null && group.durationMs > 0 && <>, took {formatDuration(group.durationMs)}</>}
    {group.state !== "published" && group.publishedAt !== null && (
      <>
        ; what was published <Ago at={group.publishedAt} now={now} /> stands
      </>
    )}
  </span>
);

/** Nodes that are built, tested and published together, or a file that nothing can be read from. */
export const Group = ({ group, view }: { group: OwnGroup; view: WorkspacePageView }) => {
  const id = `group-${group.name.replaceAll(/[^\w-]/g, "-")}`;
  const models = group.nodes.filter(({ kind }) => kind !== "test");
  const tests = group.nodes.filter(({ kind }) => kind === "test");
  const state = group.isCurrent ? group.state : group.faults.length > 0 ? "failed" : "changed";
  return (
    <article class="own-group" id={id} aria-labelledby={`${id}-name`}>
      <header>
        <h3 class="break" id={`${id}-name`}>
          {group.name}
        </h3>
        <OwnState state={state} />
        <LastBuild group={group} now={view.now} />
      </header>
      {faultsOf(group).map((fault) => (
        <FaultNote fault={fault} />
      ))}
      {models.length > 0 && <Nodes nodes={models} label={`Models of ${group.name}`} view={view} />}
      <OwnTests tests={tests} id={id} />
    </article>
  );
};
