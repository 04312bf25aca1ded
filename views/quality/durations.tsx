import type { ModelBuild } from "../../db/queries/quality/read-quality.ts";
import { Instant, Section, State, TableScroll } from "../components.tsx";
import { formatDuration, formatInteger, none } from "../format.ts";

const width = 600;
const height = 120;

const bad = (row: ModelBuild) => row.action === "failed" || row.action === "skipped";

/** A bar a build, the oldest first, as high as it took; those that failed are outlined. */
const DurationSvg = ({ builds }: { builds: ModelBuild[] }) => {
  const oldestFirst = [...builds].reverse();
  const longest = Math.max(...builds.map(({ durationMs }) => durationMs), 1);
  const step = width / Math.max(oldestFirst.length, 20);
  const last = oldestFirst.at(-1);
  return (
    <figure class="durations">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`How long the last ${oldestFirst.length} builds took, at the most ${formatDuration(longest)}; the table below has each`}
      >
        {[0.25, 0.5, 0.75].map((share) => (
          <line class="grid" x1={0} x2={width} y1={height * share} y2={height * share} />
        ))}
        {oldestFirst.map((row, index) => {
          const tall = Math.max(2, (row.durationMs / longest) * (height - 4));
          return (
            <rect
              class={bad(row) ? "bar failed" : row.action === "full_refresh" ? "bar full" : "bar"}
              x={(index * step + step * 0.12).toFixed(1)}
              y={(height - tall).toFixed(1)}
              width={(step * 0.76).toFixed(1)}
              height={tall.toFixed(1)}
            >
              <title>{`Run ${row.runId}: ${formatDuration(row.durationMs)}, ${row.action.replaceAll("_", " ")}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption class="note">
        <span>
          {oldestFirst.length} builds, the newest at the right; the longest took {formatDuration(longest)}
          {last && `, the last ${formatDuration(last.durationMs)}`}
        </span>
      </figcaption>
    </figure>
  );
};

const actionState: Record<string, string> = { failed: "failed", skipped: "skipped" };

const BuildLine = ({ row }: { row: ModelBuild }) => (
  <tr>
    <th scope="row" class="number">
      <a href={`/runs/${row.runId}`}>{row.runId}</a>
    </th>
    <td class="nowrap">
      <Instant at={row.finishedAt} />
    </td>
    <td>
      <State state={actionState[row.action] ?? "success"} label={row.action.replaceAll("_", " ")} />
      {row.error && <p class="field-error">{row.error}</p>}
    </td>
    <td class="number">{row.rows === null ? none : formatInteger(row.rows)}</td>
    <td class="number nowrap">{formatDuration(row.durationMs)}</td>
    <td>{row.runState === "success" ? "published" : "not published"}</td>
  </tr>
);

/** How long a model took in its last builds: drawn, and as a table. */
export const Builds = ({ builds }: { builds: ModelBuild[] }) => (
  <Section id="builds" title="Builds" note="How long each took, and what it wrote">
    {builds.length === 0 ? (
      <p class="note">Not built yet.</p>
    ) : (
      <>
        <DurationSvg builds={builds} />
        <TableScroll label="Builds">
          <table>
            <thead>
              <tr>
                <th scope="col" class="number">
                  Run
                </th>
                <th scope="col">At</th>
                <th scope="col">Outcome</th>
                <th scope="col" class="number">
                  Rows written
                </th>
                <th scope="col" class="number">
                  Took
                </th>
                <th scope="col">The run</th>
              </tr>
            </thead>
            <tbody>
              {builds.slice(0, 20).map((row) => (
                <BuildLine row={row} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      </>
    )}
  </Section>
);
