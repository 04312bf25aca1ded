import { Ago, Section, TableScroll } from "../components.tsx";
import { formatBytes, formatCompact, formatInteger, none } from "../format.ts";

/** What everything takes up, in bytes. */
export type SizesView = {
  databaseBytes: number;
  groups: { name: string; rows: number | null; bytes: number; tables: string[] }[];
  lake: {
    asOf: Date | null;
    parts: { prefix: string; objects: number; bytes: number }[];
    /** What landed after it was counted. */
    since: { objects: number; bytes: number };
  };
  disk: { freeBytes: number; totalBytes: number } | null;
  memory: { processBytes: number; databaseBytes: number | null };
};

/** A size and its share of the largest, which the bar tells again without words. */
const Size = ({ bytes, largest }: { bytes: number; largest: number }) => (
  <td class="number size">
    {formatBytes(bytes)}
    <progress value={bytes} max={largest || 1} aria-hidden="true" />
  </td>
);

/** Tables by group, the largest first. */
export const DatabaseSizes = ({ sizes }: { sizes: SizesView }) => (
  <Section id="database" title="Database" note="With indexes; rows are estimates of PostgreSQL">
    <TableScroll label="Tables by size">
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" class="number">
              Rows
            </th>
            <th scope="col" class="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {sizes.groups.map((group) => (
            <tr>
              <th scope="row" title={group.tables.join(", ")}>
                {group.name}
              </th>
              <td class="number">{group.rows === null ? none : formatCompact(group.rows)}</td>
              <Size bytes={group.bytes} largest={sizes.groups[0]?.bytes ?? 0} />
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  </Section>
);

/** The prefixes as they were counted, and what has landed since. */
function lakeParts({ asOf, parts, since }: SizesView["lake"]) {
  const counted = parts.map((part) => ({ ...part, isPrefix: true }));
  const landed = { ...since, prefix: asOf ? "landed since" : "landed so far", isPrefix: false };
  return since.objects > 0 || asOf === null ? [...counted, landed] : counted;
}

/** What lies in the object store, and as of when. */
export const LakeSizes = ({ sizes, now }: { sizes: SizesView; now: Date }) => {
  const parts = lakeParts(sizes.lake);
  const largest = Math.max(...parts.map(({ bytes }) => bytes));
  return (
    <Section
      id="lake"
      title="Lake"
      note={
        sizes.lake.asOf ? (
          <>
            Counted <Ago at={sizes.lake.asOf} now={now} />
          </>
        ) : (
          "Counted when housekeeping runs"
        )
      }
    >
      <TableScroll label="Objects of the lake">
        <table>
          <thead>
            <tr>
              <th scope="col">Under</th>
              <th scope="col" class="number">
                Objects
              </th>
              <th scope="col" class="number">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            {parts.map((part) => (
              <tr>
                <th scope="row">{part.isPrefix ? <code class="break">{part.prefix}</code> : part.prefix}</th>
                <td class="number">{formatInteger(part.objects)}</td>
                <Size bytes={part.bytes} largest={largest} />
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Section>
  );
};
