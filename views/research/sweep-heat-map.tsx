import { TableScroll } from "../components.tsx";
import { FileLinks } from "../file-links.tsx";
import { formatInteger, none } from "../format.ts";
import { formatMetric } from "./backtest-format.ts";
import type { HeatMapView } from "./sweep-view.ts";

/** Shades from the worst to the best; the style sheet mixes them. */
const shades = 9;
/** More cells than that are no table to read; the file has them. */
const mostTableCells = 1200;
/** Up to so many columns the figures stand in the cells. */
const mostWrittenColumns = 14;

type Scale = { low: number; high: number; isBetterLow: boolean };

function scaleOf({ cells, metric }: HeatMapView): Scale | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of cells.flat()) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? null : { low, high, isBetterLow: metric.higherIsBetter === false };
}

function shadeOf(value: number, { low, high, isBetterLow }: Scale): number {
  const share = high > low ? (value - low) / (high - low) : 1;
  return Math.min(shades - 1, Math.floor((isBetterLow ? 1 - share : share) * shades));
}

const format = ({ metric }: HeatMapView, value: number | null) => formatMetric(metric.name, metric.unit, value);

/** One path for each shade, so that a map of ten thousand cells is as quick as one of ten. */
function pathsOf({ cells }: HeatMapView, scale: Scale): string[] {
  const paths = Array.from({ length: shades }, () => "");
  for (const [row, values] of cells.entries()) {
    for (const [column, value] of values.entries()) {
      if (value === null) continue;
      const shade = shadeOf(value, scale);
      paths[shade] += `M${column} ${cells.length - 1 - row}h1v1h-1z`;
    }
  }
  return paths;
}

/** Names under the columns or beside the rows: all of a few, else first, middle and last. */
const Names = ({ values, class: className }: { values: string[]; class: string }) => {
  const middle = Math.floor((values.length - 1) / 2);
  const isWhole = values.length <= mostWrittenColumns;
  const shown = isWhole ? values : values.filter((_, place) => [0, middle, values.length - 1].includes(place));
  return (
    <ol class={`${className} ${isWhole ? "is-whole" : ""}`} aria-hidden="true">
      {shown.map((name) => (
        <li>{name}</li>
      ))}
    </ol>
  );
};

const Best = ({ map, class: className }: { map: HeatMapView; class: string }) => (
  <rect class={className} x={map.best?.column} y={map.rows.length - 1 - (map.best?.row ?? 0)} width={1} height={1} />
);

const Picture = ({ map, scale }: { map: HeatMapView; scale: Scale }) => {
  const [columns, rows] = [map.columns.length, map.rows.length];
  const isWritten = columns <= mostWrittenColumns && rows <= mostWrittenColumns;
  const data = {
    columns: map.columns,
    rows: map.rows,
    cells: map.cells.map((row) => row.map((value) => format(map, value))),
  };
  return (
    <figure class="heat-figure">
      {map.y && <p class="heat-y">{map.y.label} ↑</p>}
      <Names class="heat-rows" values={map.rows.toReversed()} />
      <div
        class="heat-map"
        tabindex={0}
        role="img"
        aria-label={`${map.metric.label} by ${map.x.label}${map.y ? ` and ${map.y.label}` : ""}, from ${format(map, scale.low)} to ${format(map, scale.high)}. Arrow keys read the cells; the table below has them all.`}
        data-heat={JSON.stringify({ ...data, x: map.x.label, y: map.y?.label ?? null, metric: map.metric.label })}
      >
        <svg viewBox={`0 0 ${columns} ${rows}`} preserveAspectRatio="none" aria-hidden="true">
          {pathsOf(map, scale).map((path, shade) => path !== "" && <path class={`shade-${shade}`} d={path} />)}
          {map.best && <Best map={map} class="heat-best halo" />}
          {map.best && <Best map={map} class="heat-best" />}
          <rect class="heat-cursor" width={1} height={1} visibility="hidden" />
        </svg>
        {isWritten && (
          <table class="heat-figures" aria-hidden="true">
            {map.cells.toReversed().map((row) => (
              <tr>
                {row.map((value) => (
                  <td class={value !== null && shadeOf(value, scale) >= shades - 4 ? "on-dark" : ""}>
                    {value === null ? "" : format(map, value)}
                  </td>
                ))}
              </tr>
            ))}
          </table>
        )}
      </div>
      <Names class="heat-columns" values={map.columns} />
      <p class="heat-x">{map.x.label} →</p>
      <figcaption>
        <output class="heat-read" aria-live="polite" />
        <Legend map={map} scale={scale} />
      </figcaption>
    </figure>
  );
};

const Legend = ({ map, scale }: { map: HeatMapView; scale: Scale }) => {
  const [worst, best] = scale.isBetterLow ? [scale.high, scale.low] : [scale.low, scale.high];
  return (
    <p class="heat-legend">
      <span>{format(map, worst)}</span>
      <svg viewBox={`0 0 ${shades} 1`} width="126" height="12" preserveAspectRatio="none" aria-hidden="true">
        {Array.from({ length: shades }, (_, shade) => (
          <rect class={`shade-${shade}`} x={shade} y={0} width={1} height={1} />
        ))}
      </svg>
      <span>{format(map, best)}, the best</span>
      {map.best && <span>□ the best point</span>}
      <span>Empty: values that do not go together, or nothing to measure.</span>
    </p>
  );
};

const Choices = ({ map }: { map: HeatMapView }) => (
  <form
    class="heat-choices"
    method="get"
    action={`${map.action}#heat`}
    hx-get={map.action}
    hx-trigger="change, submit"
    hx-target="#heat-map"
    hx-swap="outerHTML"
  >
    <label>
      Metric{" "}
      <select name="metric">
        {map.metrics.map(({ name, label }) => (
          <option value={name} selected={name === map.metric.name}>
            {label}
          </option>
        ))}
      </select>
    </label>
    {map.pairs.length > 1 && (
      <label>
        Parameters{" "}
        <select name="map">
          {map.pairs.map(({ value, label, isChosen }) => (
            <option value={value} selected={isChosen}>
              {label}
            </option>
          ))}
        </select>
      </label>
    )}
    {map.hasOthers && (
      <label>
        Of each cell{" "}
        <select name="show">
          <option value="best" selected={map.show === "best"}>
            the best point
          </option>
          <option value="mean" selected={map.show === "mean"}>
            the mean
          </option>
        </select>
      </label>
    )}
    <button type="submit" class="button no-script">
      Show
    </button>
  </form>
);

const CellTable = ({ map }: { map: HeatMapView }) => (
  <TableScroll label={`${map.metric.label} by ${map.x.label}`}>
    <table class="heat-table">
      <thead>
        <tr>
          <th scope="col">{map.y ? `${map.y.label} \\ ${map.x.label}` : map.x.label}</th>
          {map.columns.map((name) => (
            <th scope="col" class="number">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {map.cells.map((row, index) => (
          <tr>
            <th scope="row">{map.y ? map.rows[index] : map.metric.label}</th>
            {row.map((value) => (
              <td class="number">{value === null ? none : format(map, value)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** One metric over two parameters, in sample: a picture, and the same as a table or a file. */
export const HeatMap = ({ map }: { map: HeatMapView | null }) => {
  if (map === null) return <p id="heat-map">Nothing was searched over, so there is no map.</p>;
  const scale = scaleOf(map);
  const cells = map.columns.length * map.rows.length;
  return (
    <div id="heat-map" class={map.y === null ? "is-strip" : ""}>
      <Choices map={map} />
      {scale === null ? <p class="note">No point has this figure.</p> : <Picture map={map} scale={scale} />}
      <p class="heat-more">
        <FileLinks csv={map.csv} label={`All ${formatInteger(cells)} cells as CSV`} isMain={false} />
      </p>
      {cells <= mostTableCells && (
        <details>
          <summary>As a table</summary>
          <CellTable map={map} />
        </details>
      )}
    </div>
  );
};
