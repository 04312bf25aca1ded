import { formatClock, formatDuration } from "../format.ts";
import { type TimelineBar, ticksBetween, toLanes } from "./timeline-lanes.ts";

/** What is drawn below one title, from `from` to `to` in milliseconds since 1970. */
export type TimelineGroup = { title: string; href?: string; bars: TimelineBar[] };

const laneHeight = 18;
const barHeight = 14;
/** Enough to see the shape of a stream; more would only be long. */
const mostLanes = 40;

const percent = (at: number, { from, to }: Span) =>
  `${(Math.min(1, Math.max(0, (at - from) / (to - from))) * 100).toFixed(3)}%`;

export type Span = { from: number; to: number };

const widthOf = (bar: TimelineBar, { from, to }: Span) =>
  `${((Math.max(0, Math.min(bar.to, to) - Math.max(bar.from, from)) / (to - from)) * 100).toFixed(3)}%`;

const tell = ({ label, state, from, to }: TimelineBar) =>
  `${label}: ${state}, ${formatClock(new Date(from))}, ${formatDuration(to - from)}`;

const Lanes = ({ lanes, span }: { lanes: TimelineBar[][]; span: Span }) => (
  // What it shows is in the table below, which assistive technology and the keyboard reach.
  <svg class="timeline-lanes" width="100%" height={lanes.length * laneHeight} aria-hidden="true">
    {lanes.map((bars, row) =>
      bars.map((bar) => (
        <a href={bar.href} tabindex={-1}>
          <title>{tell(bar)}</title>
          <rect
            class={`is-${bar.state}`}
            x={percent(bar.from, span)}
            y={row * laneHeight + 2}
            width={widthOf(bar, span)}
            height={barHeight}
          />
        </a>
      )),
    )}
  </svg>
);

/** Words at either end stand within the picture. */
const anchorOf = (part: number) => (part < 0.05 ? "start" : part > 0.95 ? "end" : "middle");

const Axis = ({ span }: { span: Span }) => (
  <svg class="timeline-axis" width="100%" height={22} aria-hidden="true">
    {ticksBetween(span.from, span.to, 6).map((at) => (
      <g>
        <line x1={percent(at, span)} x2={percent(at, span)} y1={0} y2={5} />
        <text x={percent(at, span)} y={17} text-anchor={anchorOf((at - span.from) / (span.to - span.from))}>
          {formatClock(new Date(at))}
        </text>
      </g>
    ))}
  </svg>
);

/** Bars over time, a row of them for each title. */
export const Timeline = ({ groups, span, label }: { groups: TimelineGroup[]; span: Span; label: string }) => (
  <figure class="timeline" aria-label={label}>
    {groups.map(({ title, href, bars }) => {
      const lanes = toLanes(bars);
      const hidden = lanes.slice(mostLanes).flat().length;
      return (
        <div class="timeline-group">
          <p>
            {href ? <a href={href}>{title}</a> : title}
            {hidden > 0 && <small>{hidden} more in the table below</small>}
          </p>
          <Lanes lanes={lanes.slice(0, mostLanes)} span={span} />
        </div>
      );
    })}
    <div class="timeline-group">
      <p />
      <Axis span={span} />
    </div>
  </figure>
);
