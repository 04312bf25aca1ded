import { Ago, Empty, Section, State, TableScroll } from "../components.tsx";
import { formatCount, formatDuration, formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { layoutColumn, readingOrder } from "./graph-column.ts";
import { layoutWide } from "./graph-layout.ts";
import { activityOf, amountOf, kindWord, Picture, stateWord, testsOf } from "./graph-svg.tsx";
import type { GraphChoice, GraphEdge, GraphNode, GraphView } from "./graph-types.ts";

const wide = { boxWidth: 176, boxHeight: 104, layerGap: 66, laterLayerGap: 34, boxGap: 16, bandGap: 92 };
const narrow = { width: 358, boxHeight: 104, gap: 34, laterGap: 20, bandGap: 64 };
const bandTitles = { 1: "dbt project, built and tested by the transform", 2: "Your models, of the workspace" };

/** What goes on, in a sentence or two, for those who do not see the picture. */
function describe({ nodes, edges }: GraphView): string {
  const named = (state: string) => nodes.filter((node) => node.state === state).map(({ title }) => title);
  const told = (names: string[], what: string) => (names.length > 0 ? [`${what}: ${names.join(", ")}.`] : []);
  const waiting = edges.reduce((sum, edge) => sum + edge.waiting, 0);
  return [
    `${formatCount(nodes.length, "node")} and ${formatCount(edges.length, "edge")}, in the order in which data passes through them.`,
    ...told(named("running"), "Running"),
    ...told(named("queued"), "Queued"),
    ...told(named("failed"), "Failed"),
    ...told(
      nodes.filter(({ paused }) => paused).map(({ title }) => title),
      "Paused",
    ),
    ...(waiting > 0 ? [`${formatCount(waiting, "event")} waiting.`] : []),
  ].join(" ");
}

const NodeTable = ({ nodes, now }: { nodes: GraphNode[]; now: Date }) => (
  <TableScroll label="Jobs, datasets and models">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Kind</th>
          <th scope="col">State</th>
          <th scope="col">Now</th>
          <th scope="col">Last success or event</th>
          <th scope="col" class="number">
            Amount
          </th>
          <th scope="col">Data tests</th>
        </tr>
      </thead>
      <tbody>
        {nodes.map((node) => (
          <tr>
            <th scope="row">
              <a class="break" href={node.href} title={node.description}>
                {node.kind === "dataset" ? node.name : node.title}
              </a>
            </th>
            <td class="nowrap">{kindWord(node)}</td>
            <td class="nowrap">
              <State state={node.state} label={stateWord(node)} />{" "}
              {node.stateRunId !== null && <a href={`/runs/${node.stateRunId}`}>run {node.stateRunId}</a>}
            </td>
            <td class="nowrap">
              {node.paused && <State state="paused" />} {activityOf(node) || (node.paused ? "" : none)}
            </td>
            <td class="nowrap">
              {node.lastSuccess ? (
                <a href={`/runs/${node.lastSuccess.runId}`}>
                  <Ago at={node.lastSuccess.at} now={now} />
                </a>
              ) : (
                none
              )}
            </td>
            <td class="number">{amountOf(node) || none}</td>
            <td class="nowrap">{testsOf(node) || none}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

const edgeWords: Record<GraphEdge["kind"], string> = {
  fetches: "is fetched by",
  records: "records events for",
  wakes: "wakes",
  begins: "begins with",
  reads: "is read by",
};

const EdgeTable = ({ edges, titles, now }: { edges: GraphEdge[]; titles: Map<string, string>; now: Date }) => (
  <TableScroll label="What leads where">
    <table>
      <thead>
        <tr>
          <th scope="col">Edge</th>
          <th scope="col">Last event</th>
          <th scope="col">Waiting</th>
        </tr>
      </thead>
      <tbody>
        {edges.map((edge) => (
          <tr>
            <th scope="row">
              {titles.get(edge.from)} <span class="note">{edgeWords[edge.kind]}</span> {titles.get(edge.to)}
            </th>
            <td class="nowrap">
              {edge.event ? (
                <>
                  <a href={`/events/${edge.event.id}`}>#{edge.event.id}</a> by{" "}
                  <a href={`/runs/${edge.event.runId}`}>run {edge.event.runId}</a>, <Ago at={edge.event.at} now={now} />
                </>
              ) : (
                none
              )}
            </td>
            <td class="nowrap">
              {edge.waiting > 0 ? (
                <State state="waiting" label={`${formatInteger(edge.waiting)} for ${sinceOf(edge, now)}`} />
              ) : (
                none
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

const sinceOf = ({ waitingSince }: GraphEdge, now: Date) =>
  waitingSince ? formatDuration(now.getTime() - waitingSince.getTime()) : none;

const Pictures = ({ graph }: { graph: GraphView }) => {
  const shape = { nodes: graph.nodes.map(({ id, band }) => ({ id, band })), edges: graph.edges };
  const common = {
    nodes: graph.nodes,
    edges: graph.edges,
    order: readingOrder(shape),
    now: graph.now,
    title: "The pipeline as a graph",
    description: describe(graph),
    bandTitles,
  };
  const across = layoutWide(shape, wide);
  return (
    <>
      <section class="graph-scroll" aria-label="Graph" tabindex={0}>
        <Picture name="graph-wide" layout={across} {...common} />
      </section>
      <Picture name="graph-tall" layout={layoutColumn(shape, narrow)} {...common} />
    </>
  );
};

/** Of all parts only the workspace can be empty. */
const NothingOwn = () => (
  <Empty>
    <p>
      Nothing of your own is there. <a href="/workspace">The workspace</a> tells how to begin.
    </p>
  </Empty>
);

const urlOf = (choice: GraphChoice) => {
  const query = new URLSearchParams(Object.entries(choice).filter(([, value]) => value !== ""));
  return query.size > 0 ? `/graph?${query}` : "/graph";
};

const parts: [GraphChoice["part"], string][] = [
  ["", "All of it"],
  ["pipeline", "Jobs and datasets"],
  ["models", "Sources and models"],
  ["workspace", "Workspace"],
];

/** Chooses what is drawn. A model comes with all that it is made from, and all that is made from it. */
const Chooser = ({ graph }: { graph: GraphView }) => (
  <div class="graph-tools">
    <nav class="filter" aria-label="Parts of the graph">
      {parts
        .filter(([part]) => part !== "workspace" || graph.hasWorkspace || graph.choice.part === part)
        .map(([part, label]) => (
          <a
            href={urlOf({ job: "", model: "", part })}
            aria-current={
              graph.choice.job === "" && graph.choice.model === "" && graph.choice.part === part ? "true" : undefined
            }
          >
            {label}
          </a>
        ))}
    </nav>
    {(["job", "model"] as const).map((name) => (
      <form action="/graph" class="graph-choice" aria-label={name === "job" ? "One job" : "One model"}>
        <label for={`graph-${name}`}>{name === "job" ? "Job" : "Model"}</label>
        <select id={`graph-${name}`} name={name}>
          <option value="">any</option>
          {graph[name === "job" ? "jobs" : "models"].map(({ id, title }) => (
            <option value={id} selected={graph.choice[name] === id}>
              {title}
            </option>
          ))}
        </select>
        <button type="submit" class="button">
          Show<span class="visually-hidden"> this {name}</span>
        </button>
      </form>
    ))}
    <fieldset class="graph-look" hidden>
      <legend class="visually-hidden">Look closer</legend>
      <button type="button" class="button" data-look="farther" aria-label="Zoom out">
        −
      </button>
      <button type="button" class="button" data-look="fit">
        Fit
      </button>
      <button type="button" class="button" data-look="closer" aria-label="Zoom in">
        +
      </button>
      <span class="note">Ctrl and wheel, drag; keys + − 0 and arrows</span>
    </fieldset>
  </div>
);

/** The picture, and the same told in tables; refreshes itself. */
export const GraphLive = ({ graph }: { graph: GraphView }) => {
  const shape = { nodes: graph.nodes.map(({ id, band }) => ({ id, band })), edges: graph.edges };
  const nodeOf = new Map(graph.nodes.map((node) => [node.id, node]));
  const ordered = readingOrder(shape).flatMap((id) => nodeOf.get(id) ?? []);
  return (
    <div
      id="graph"
      hx-get={urlOf(graph.choice)}
      hx-trigger={graph.isWorking ? "every 2s" : "every 10s"}
      hx-swap="outerMorph"
    >
      {graph.projectProblem !== null && (
        <p class="banner inline" role="alert">
          The dbt project cannot be read, so its models are not drawn: {graph.projectProblem}
        </p>
      )}
      {graph.nodes.length === 0 ? <NothingOwn /> : <Pictures graph={graph} />}
      <Section id="graph-tables" title="The same in tables">
        <details id="graph-nodes">
          <summary>{formatCount(graph.nodes.length, "node")}: jobs, datasets and models</summary>
          <NodeTable nodes={ordered} now={graph.now} />
        </details>
        <details id="graph-edges">
          <summary>{formatCount(graph.edges.length, "edge")}: what leads where, and what waits</summary>
          <EdgeTable
            edges={graph.edges}
            titles={new Map(graph.nodes.map(({ id, title }) => [id, title]))}
            now={graph.now}
          />
        </details>
      </Section>
    </div>
  );
};

/** Jobs, datasets and models as one picture. */
export const graphPage = ({ shell, graph }: { shell: Shell; graph: GraphView }) =>
  toDocument(
    <Page title="Graph" shell={shell} scripts={[shell.assets.graph]}>
      <header class="page-head">
        <h1>Graph</h1>
      </header>
      <p class="lead">
        From the market to the models: what each job, dataset and model is doing, and the last event that passed between
        them. <a href="/datasets">All datasets and their events</a>
      </p>
      <Chooser graph={graph} />
      <GraphLive graph={graph} />
    </Page>,
  );
