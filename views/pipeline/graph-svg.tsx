import { states } from "../components.tsx";
import { formatAgo, formatCount, formatInteger, formatSecond, formatShort } from "../format.ts";
import type { Box, Layout, Point, Route } from "./graph-layout.ts";
import type { GraphEdge, GraphNode } from "./graph-types.ts";

/** The word for a node's state. */
export const stateWord = ({ state, stateLabel }: GraphNode) => stateLabel ?? states[state]?.label ?? state;

/** What stands in a node's corner: what it is. */
export const kindWord = ({ kind, place }: GraphNode) => (kind === "model" ? place : kind);

/** Runs under way, queued and failed, where there are any. */
export const activityOf = (node: GraphNode): string => activitiesOf(node).join(" · ");

function activitiesOf({ running, queued, failed }: GraphNode): string[] {
  const counts: [number, string][] = [
    [running, "running"],
    [queued, "queued"],
    [failed, "failed"],
  ];
  return counts.filter(([count]) => count > 0).map(([count, word]) => `${formatInteger(count)} ${word}`);
}

/** How the data tests of the last build went. */
export function testsOf({ tests }: GraphNode): string {
  if (!tests) return "";
  if (tests.failed > 0) return `${formatInteger(tests.failed)} of ${formatCount(tests.all, "test")} failed`;
  if (tests.warned > 0) return `${formatInteger(tests.warned)} of ${formatCount(tests.all, "test")} warned`;
  if (tests.passed === 0) return `${formatCount(tests.all, "test")}, not run`;
  return `${formatInteger(tests.passed)} of ${formatCount(tests.all, "test")} passed`;
}

/** Rows, or events of a dataset. */
export function amountOf({ rows, events }: GraphNode): string {
  if (events !== null) return formatCount(events, "event");
  return rows ? `${rows.isEstimate ? "≈" : ""}${formatShort(rows.count)} rows` : "";
}

/** As many of the parts as fit into `width` characters, and those that are left. A first part is never left. */
function fill(parts: string[], width: number): { line: string; left: string[] } {
  let line = parts[0] ?? "";
  let count = 1;
  for (const part of parts.slice(1)) {
    if (line.length + 3 + part.length > width) break;
    line += ` · ${part}`;
    count += 1;
  }
  return { line, left: parts.slice(count) };
}

/** The two lines at the foot of a node, of at most `width` characters; what is over is in its sentence. */
export function detailsOf(node: GraphNode, now: Date, width: number): [string, string] {
  const ago = node.lastSuccess ? formatAgo(node.lastSuccess.at, now) : "";
  const amounts = [amountOf(node), ago].filter(Boolean);
  if (node.kind === "model") return [testsOf(node) || "no tests", fill(amounts, width).line];
  const { line, left } = fill(activitiesOf(node), width);
  return [line || testsOf(node) || node.place, fill([...left, ...amounts], width).line];
}

/** A node as those hear it who do not see it: first the words on it, as they stand there, then what else there is. */
export function heardOf(node: GraphNode, shown: readonly string[], now: Date): string {
  const ago = node.lastSuccess && formatAgo(node.lastSuccess.at, now);
  const last = ago && `${node.events === null ? "last success" : "last event"} ${ago}`;
  const visible = shown.filter(Boolean).join(" ");
  const others = [...activitiesOf(node), testsOf(node), amountOf(node)].filter((part) => !visible.includes(part));
  const parts = [visible, `${kindWord(node)}: ${stateWord(node)}`, node.paused && "paused", ...others, last];
  return `${parts.filter(Boolean).join(", ")}.`;
}

/** A name in at most two lines of `width` characters, broken where its words end; what is over is left out. */
export function wrapName(name: string, width: number): string[] {
  if (name.length <= width) return [name];
  const words = name.match(/[^_/.\s-]*[_/.\s-]*/g)?.filter(Boolean) ?? [name];
  let first = "";
  for (const word of words) {
    if (first.length + word.length > width) break;
    first += word;
  }
  if (first === "") first = name.slice(0, width);
  const rest = name.slice(first.length);
  return [first, rest.length <= width ? rest : `${rest.slice(0, width - 1)}…`];
}

const toneOf = ({ state }: GraphNode) => states[state]?.tone ?? "quiet";

const Glyph = ({ state, x, y }: { state: string; x: number; y: number }) => (
  <path class="glyph" transform={`translate(${x} ${y}) scale(0.8)`} d={states[state]?.path ?? "M4 8h8"} />
);

/** The outline tells the kind: data at rest is round, the market is dashed, a job has a bar at its side. */
const Outline = ({ node, box }: { node: GraphNode; box: Box }) => {
  const radius = node.kind === "dataset" ? 18 : 4;
  return (
    <>
      <rect class="card" x={box.x} y={box.y} width={box.width} height={box.height} rx={radius} />
      {node.kind === "job" && <path class="bar" d={`M${box.x + 2} ${box.y + 4}V${box.y + box.height - 4}`} />}
      {node.kind === "source" && <path class="lid" d={`M${box.x} ${box.y + 5}H${box.x + box.width}`} />}
    </>
  );
};

/** What a character takes in the widest of the usual typefaces, in pixels: in a narrower one there is room left. */
const titleCharacter = 8.2;
const detailCharacter = 6.7;
/** What the state's glyph and the room between two words take. */
const besideState = 24;
const inset = 12;

/** A node leads to its page, its state to the run that it is of. */
const Node = ({ node, box, now }: { node: GraphNode; box: Box; now: Date }) => {
  const lines = wrapName(node.title, Math.floor((box.width - 2 * inset) / titleCharacter));
  const [first, second] = detailsOf(node, now, Math.floor((box.width - 1.5 * inset) / detailCharacter));
  const words = (stateWord(node).length + kindWord(node).length) * detailCharacter;
  const hasKind = words + besideState <= box.width - 2 * inset;
  const [left, right, foot] = [box.x + inset, box.x + box.width - inset, box.y + box.height];
  const state = (
    <>
      <Glyph state={node.state} x={left - 1} y={box.y + 9} />
      <text class="word" x={left + 16} y={box.y + 20}>
        {stateWord(node)}
      </text>
    </>
  );
  return (
    <g class={`node ${node.kind} band-${node.band} ${toneOf(node)}`}>
      <title>{`${node.name}. ${node.description}`}</title>
      <a href={node.href} aria-label={heardOf(node, [...lines, first, second], now)}>
        <Outline node={node} box={box} />
        {/* The spaces part the lines for those who hear them. */}
        {lines.map((line, index) => (
          <>
            <text class="title" x={left} y={box.y + 42 + index * 16}>
              {line}
            </text>{" "}
          </>
        ))}
        <text class="detail" x={left} y={foot - 27}>
          {first}
        </text>{" "}
        <text class="detail" x={left} y={foot - 11}>
          {second}
        </text>
      </a>
      {node.stateRunId === null ? (
        state
      ) : (
        <a href={`/runs/${node.stateRunId}`} aria-label={`${stateWord(node)}: run ${node.stateRunId}`}>
          {state}
        </a>
      )}
      {node.paused ? (
        <g class="paused">
          <Glyph state="paused" x={right - 56} y={box.y + 9} />
          <text x={right} y={box.y + 20} text-anchor="end">
            paused
          </text>
        </g>
      ) : (
        hasKind && (
          <text class="kind" x={right} y={box.y + 20} text-anchor="end">
            {kindWord(node)}
          </text>
        )
      )}
    </g>
  );
};

/** The head of an arrow, turned the way that the line arrives. */
function headOf(points: Point[]): string {
  const [before, end] = [points.at(-2), points.at(-1)];
  if (!before || !end) return "";
  const [x, y] = [end.x - 1, end.y - 1];
  return before.x === end.x
    ? `M${end.x - 4} ${y - 7}L${end.x} ${y}L${end.x + 4} ${y - 7}Z`
    : `M${x - 7} ${end.y - 4}L${x} ${end.y}L${x - 7} ${end.y + 4}Z`;
}

const verbs: Record<GraphEdge["kind"], string> = {
  fetches: "fetched by",
  records: "recorded",
  wakes: "claimed",
  begins: "read by",
  reads: "read by",
};

/** The last event that passed, when it did, and how many wait; in lines across, in one line beside a line down. */
const EdgeLabel = ({ edge, route, now }: { edge: GraphEdge; route: Route; now: Date }) => {
  const [start, end] = [route.points[0], route.points.at(-1)];
  if (!start || !end || (!edge.event && edge.waiting === 0)) return null;
  const isDown = start.x === end.x;
  const [x, y] = [(start.x + end.x) / 2, (start.y + end.y) / 2];
  const ago = edge.event ? formatAgo(edge.event.at, now) : "";
  const waiting = edge.waiting > 0 ? `${formatShort(edge.waiting)} wait` : "";
  return (
    <g class={`edge-label ${isDown ? "down" : "across"}`}>
      {edge.event && (
        <title>{`Event ${edge.event.id}, ${verbs[edge.kind]} ${formatSecond(edge.event.at)} New York`}</title>
      )}
      {edge.event && (
        <a href={`/events/${edge.event.id}`} aria-label={`Event #${edge.event.id}, ${verbs[edge.kind]} ${ago}`}>
          <text x={isDown ? x + 12 : x} y={isDown ? y + 4 : y - 8}>
            #{edge.event.id}
          </text>
        </a>
      )}
      <text
        class="ago"
        x={isDown ? x + 12 + 9 * String(edge.event?.id ?? "").length + 12 : x}
        y={isDown ? y + 4 : y + 18}
      >
        {isDown ? [ago, waiting].filter(Boolean).join(" · ") : ago}
      </text>
      {!isDown && waiting && (
        <text class="wait" x={x} y={y + 33}>
          {waiting}
        </text>
      )}
    </g>
  );
};

const keyOf = ({ from, to }: { from: string; to: string }) => `${from} ${to}`;

type PictureProps = {
  /** Tells the ids of two pictures on one page apart. */
  name: string;
  layout: Layout;
  /** Ids of the nodes in the order in which they are told. */
  order: string[];
  nodes: GraphNode[];
  edges: GraphEdge[];
  now: Date;
  title: string;
  description: string;
  /** Names of the later bands. */
  bandTitles: Record<number, string>;
};

/** The graph as one drawing. Every node and event in it is a link, in reading order. */
export const Picture = (props: PictureProps) => {
  const { name, layout, order, nodes, edges, now } = props;
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  const boxOf = new Map(layout.boxes.map((box) => [box.id, box]));
  const routeOf = new Map(layout.routes.map((route) => [keyOf(route), route]));
  const { width, height } = layout;
  return (
    <svg
      class={`graph ${name}`}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      aria-labelledby={`${name}-title`}
      aria-describedby={`${name}-desc`}
    >
      <title id={`${name}-title`}>{props.title}</title>
      <desc id={`${name}-desc`}>{props.description}</desc>
      {layout.frames.map(
        (frame) =>
          props.bandTitles[frame.band] && (
            <g class="band">
              <rect x={frame.x} y={frame.y} width={frame.width} height={frame.height} rx={6} />
              <text x={frame.x + frame.width - 10} y={frame.y - 8} text-anchor="end">
                {props.bandTitles[frame.band]}
              </text>
            </g>
          ),
      )}
      <g>
        {edges.map((edge) => {
          const route = routeOf.get(keyOf(edge));
          return (
            route && (
              <g class={`edge ${edge.waiting > 0 ? "waiting" : ""}`}>
                <path class="line" d={route.path} />
                <path class="head" d={headOf(route.points)} />
              </g>
            )
          );
        })}
      </g>
      {order.map((id) => {
        const [node, box] = [nodeOf.get(id), boxOf.get(id)];
        if (!node || !box) return null;
        return (
          <>
            <Node node={node} box={box} now={now} />
            {edges
              .filter(({ from }) => from === id)
              .map((edge) => {
                const route = routeOf.get(keyOf(edge));
                return route && <EdgeLabel edge={edge} route={route} now={now} />;
              })}
          </>
        );
      })}
    </svg>
  );
};
