import type { SectorRow } from "../../db/queries/market/read-sectors.ts";
import { Section, TableScroll } from "../components.tsx";
import { formatChange, formatCompact, formatDate, formatInteger, formatPercent } from "../format.ts";
import { toneOf } from "./tickers.tsx";
import { type Tile, tilesOf } from "./tiles.ts";

/** Sectors of a session by a model of the people's own; `problem` says why it could not be read. */
export type SectorsView = { model: string; column: string; date: string; rows: SectorRow[]; problem: string | null };

const aspect = 3.4;
/** Moves from which a shade is deeper, as fractions. */
const steps = [0.001, 0.005, 0.015, 0.03];
/** How deep a tile is shaded, and towards which side: flat, or up and down by four. */
function shadeOf(value: number | null): string {
  const depth = steps.filter((step) => Math.abs(value ?? 0) >= step).length;
  return depth === 0 ? "flat" : `${(value ?? 0) > 0 ? "up" : "down"}-${depth}`;
}

const percent = (share: number) => `${(share * 100).toFixed(3)}%`;

/** Words that are longer than their tile are cut off at its edge; the table has all of them. */
const SectorTile = ({ row, tile }: { row: SectorRow; tile: Tile }) => (
  <svg
    class={`sector-tile ${shadeOf(row.weightedReturn)}`}
    x={percent(tile.x)}
    y={percent(tile.y)}
    width={percent(tile.width)}
    height={percent(tile.height)}
    aria-hidden="true"
  >
    <title>{`${row.sector}: ${formatChange(row.weightedReturn)}, ${formatCompact(row.dollarVolume)} dollars`}</title>
    <rect width="100%" height="100%" />
    <text class="sector-name" x="8" y="20">
      {row.sector}
    </text>
    <text x="8" y="37">
      {formatChange(row.weightedReturn)}
    </text>
  </svg>
);

const SectorMap = ({ view }: { view: SectorsView }) => {
  const traded = view.rows.filter((row) => row.dollarVolume > 0);
  const tiles = tilesOf(
    traded.map((row) => row.dollarVolume),
    aspect,
  );
  return (
    <svg
      class="sector-map"
      role="img"
      aria-label={`Returns by ${view.column}, as large as their dollar volume; the table below has the numbers`}
    >
      {traded.map((row, index) => {
        const tile = tiles[index];
        return tile ? <SectorTile row={row} tile={tile} /> : null;
      })}
    </svg>
  );
};

const headings = ["Tickers", "Advancing", "Declining", "Return", "Median", "Dollar volume", "Share"];

const SectorTable = ({ view }: { view: SectorsView }) => {
  const total = view.rows.reduce((sum, row) => sum + row.dollarVolume, 0) || 1;
  return (
    <TableScroll label={`The session by ${view.column}`}>
      <table class="screen-table">
        <thead>
          <tr>
            <th scope="col">{view.column === "sector" ? "Sector" : "Industry"}</th>
            {headings.map((title) => (
              <th scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.rows.map((row) => (
            <tr>
              <th scope="row">{row.sector}</th>
              <td class="number">{formatInteger(row.tickers)}</td>
              <td class="number">{formatInteger(row.advancing)}</td>
              <td class="number">{formatInteger(row.declining)}</td>
              <td class={`number ${toneOf(row.weightedReturn)}`}>{formatChange(row.weightedReturn)}</td>
              <td class={`number ${toneOf(row.medianReturn)}`}>{formatChange(row.medianReturn)}</td>
              <td class="number">{formatCompact(row.dollarVolume)}</td>
              <td class="number">{formatPercent(row.dollarVolume / total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
};

/** The newest session by sector: a map as large as what was traded, shaded by its return, and the same as a table. */
export const Sectors = ({ view }: { view: SectorsView }) => (
  <Section
    id="sectors"
    title={view.column === "sector" ? "Sectors" : "Industries"}
    note={`${formatDate(view.date)}, by the model ${view.model}; returns weighted by dollar volume`}
  >
    {view.problem === null ? (
      <>
        <SectorMap view={view} />
        <details class="sector-numbers">
          <summary>The numbers</summary>
          <SectorTable view={view} />
        </details>
      </>
    ) : (
      <p class="note">{view.problem}</p>
    )}
  </Section>
);
