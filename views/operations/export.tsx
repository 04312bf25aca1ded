import { Ago, Empty, Fact, Instant, Section, TableScroll } from "../components.tsx";
import { formatBytes, formatCount, formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";

type ExportTableRow = {
  name: string;
  rows: number;
  bytes: number;
  /** The address of each file, and what it is of. */
  files: { href: string; label: string; bytes: number }[];
  list: string;
};

export type ExportPageProps = {
  shell: Shell;
  now: Date;
  jobHref: string;
  /** Where the files are for programs of other people. */
  place: string;
  mode: "off" | "marts" | "all";
  /** Who says so. */
  from: "environment" | "page" | "default";
  changedBy: string | null;
  changedAt: Date | null;
  problem: string | null;
  keptHours: number;
  /** Null before the first. */
  build: { name: string; readAt: Date; publishedAt: Date; list: string; tables: ExportTableRow[] } | null;
};

const modes: [ExportPageProps["mode"], string][] = [
  ["off", "Nothing"],
  ["marts", "What is published: facts and dimensions"],
  ["all", "The raw bars too"],
];

const ModeForm = ({ mode, from, changedBy, changedAt, problem, now }: ExportPageProps & { now: Date }) => (
  <form id="export-mode" class="card form" method="post" action="/export">
    <h2>What is exported</h2>
    {from === "environment" ? (
      <p class="note">EXPORT={mode} is set where Barline was started, and is changed there.</p>
    ) : (
      <p class="note">
        {from === "default" ? "As is usual for this lake." : `Changed by ${changedBy ?? "somebody"} `}
        {from === "page" && <Ago at={changedAt} now={now} />}
      </p>
    )}
    {problem && (
      <p class="field-error" role="alert">
        {problem}
      </p>
    )}
    {modes.map(([value, label]) => (
      <label class="check" for={`mode-${value}`}>
        <input
          id={`mode-${value}`}
          type="radio"
          name="mode"
          value={value}
          checked={value === mode}
          disabled={from === "environment"}
        />
        <span>{label}</span>
      </label>
    ))}
    <p class="actions">
      <button type="submit" class="button" disabled={from === "environment"}>
        Save
      </button>
    </p>
  </form>
);

const Files = ({ files }: Pick<ExportTableRow, "files">) => (
  <details>
    <summary>{formatCount(files.length, "file")}</summary>
    <ul>
      {files.map(({ href, label, bytes }) => (
        <li>
          <a href={href}>{label}</a> <span class="note">{formatBytes(bytes)}</span>
        </li>
      ))}
    </ul>
  </details>
);

const Tables = ({ build }: ExportPageProps) => (
  <Section id="tables" title="Tables" note="All of one build; readers see the next one whole, or not at all">
    {build === null ? (
      <Empty>
        <p>Nothing has been exported yet.</p>
      </Empty>
    ) : (
      <TableScroll label="Exported tables">
        <table>
          <thead>
            <tr>
              <th scope="col">Table</th>
              <th scope="col" class="number">
                Rows
              </th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col">Files</th>
              <th scope="col">List</th>
            </tr>
          </thead>
          <tbody>
            {build.tables.map((table) => (
              <tr id={`table-${table.name}`}>
                <th scope="row">{table.name}</th>
                <td class="number">{formatInteger(table.rows)}</td>
                <td class="number nowrap">{formatBytes(table.bytes)}</td>
                <td>
                  <Files files={table.files} />
                </td>
                <td>
                  <a href={table.list}>_current.json</a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
  </Section>
);

/** What is written to the lake for other programs, and the switch for it. */
export const exportPage = (props: ExportPageProps) =>
  toDocument(
    <Page title="Export" shell={props.shell}>
      <header class="page-head">
        <h1>Export</h1>
      </header>
      <div class="split">
        <div>
          <dl class="facts">
            <Fact term="Build">{props.build ? <a href={props.build.list}>{props.build.name}</a> : none}</Fact>
            <Fact term="Read">{props.build ? <Instant at={props.build.readAt} /> : none}</Fact>
            <Fact term="Published">{props.build ? <Ago at={props.build.publishedAt} now={props.now} /> : none}</Fact>
            <Fact term="Where">
              <code class="break">{props.place}</code>
            </Fact>
            <Fact term="Written by">
              <a href={props.jobHref}>its job</a>
            </Fact>
            <Fact term="Superseded files stay">{props.keptHours} hours</Fact>
          </dl>
          <Tables {...props} />
        </div>
        <div class="rail">
          <ModeForm {...props} />
        </div>
      </div>
    </Page>,
  );
