import { Ago, Fact, Section, State, TableScroll } from "../components.tsx";
import { formatCompact, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { Builds } from "./durations.tsx";
import { freshnessLimits, Links, SqlText, TestState } from "./parts.tsx";
import type { ColumnView, NodePageView } from "./types.ts";

/** `not_null` of `not_null_<model>_<column>`: beside the column, the rest says nothing. */
const shortName = (name: string, suffix: string) => (name.endsWith(suffix) ? name.slice(0, -suffix.length) : name);

const TestLinks = ({ tests, suffix = "" }: { tests: ColumnView["tests"]; suffix?: string }) =>
  tests.length === 0 ? (
    <span class="note">{none}</span>
  ) : (
    <ul class="node-links">
      {tests.map(({ name, status }) => (
        <li>
          <TestState status={status} />{" "}
          <a class="break" href={`/quality/tests/${encodeURIComponent(name)}`}>
            {suffix ? shortName(name, suffix) : name}
          </a>
        </li>
      ))}
    </ul>
  );

const Columns = ({ view }: { view: NodePageView }) => (
  <Section
    id="columns"
    title="Columns"
    note={view.kind === "model" ? "What each means, where it comes from, and what is tested of it" : "What each means"}
  >
    {view.columns.length === 0 ? (
      <p class="note">No column is described.</p>
    ) : (
      <TableScroll label="Columns">
        <table class="columns">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Meaning</th>
              {view.kind === "model" && <th scope="col">Comes from</th>}
              <th scope="col">Tests</th>
            </tr>
          </thead>
          <tbody>
            {view.columns.map((column) => (
              <tr id={`column-${column.name}`}>
                <th scope="row">
                  <code>{column.name}</code>
                </th>
                <td class="meaning">{column.description || none}</td>
                {view.kind === "model" && (
                  <td>
                    <Links links={column.from} nothing="calculated here, by the SQL below" isPlain />
                  </td>
                )}
                <td>
                  <TestLinks tests={column.tests} suffix={`_${view.name.replace(/^.*\./, "")}_${column.name}`} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
    {view.otherTests.length > 0 && (
      <div class="other-tests">
        <h3>Tests of more than one column</h3>
        <TestLinks tests={view.otherTests} />
      </div>
    )}
  </Section>
);

const Way = ({ view }: { view: NodePageView }) => (
  <Section id="lineage" title="Lineage" note="What it reads, and what reads it">
    <dl class="lineage-way">
      {view.kind === "model" && (
        <div>
          <dt>Reads</dt>
          <dd>
            <Links links={view.upstream} nothing="nothing" />
          </dd>
        </div>
      )}
      <div>
        <dt>Is read by</dt>
        <dd>
          <Links links={view.downstream} nothing="no model; pages and the API read it" />
        </dd>
      </div>
      {view.kind === "model" && view.own === null && (
        <div>
          <dt>All of it comes from</dt>
          <dd>
            <Links links={view.origins} nothing="no source" />
          </dd>
        </div>
      )}
    </dl>
    <p class="note">
      <a href="/quality/lineage">Follow one number</a> to the raw file, or see <a href="/graph">the whole graph</a>.
    </p>
  </Section>
);

const Facts = ({ view }: { view: NodePageView }) => (
  <dl class="facts">
    <Fact term="Kind">{view.materialization ?? view.kind}</Fact>
    <Fact term="Rows">{view.rows ? `${view.rows.isEstimate ? "≈ " : ""}${formatCompact(view.rows.count)}` : none}</Fact>
    <Fact term="File">
      <code class="break">{view.path}</code>
    </Fact>
    {view.builds[0] && (
      <Fact term="Last built">
        <Ago at={view.builds[0].finishedAt} now={view.now} />
      </Fact>
    )}
    {view.freshness && (
      <Fact term="Newest row">
        <Ago at={view.freshness.newest} now={view.now} />
        <small>
          <State state={view.freshness.status} /> {freshnessLimits(view.freshness)}
        </small>
      </Fact>
    )}
  </dl>
);

/** Of one of the people's own: what is wrong with it, and where that and its group are told. */
const Own = ({ own: { group, fault } }: { own: NonNullable<NodePageView["own"]> }) => (
  <>
    {fault && (
      <p class="banner inline" role="alert">
        <span class="break">
          {fault.file !== null && `${fault.file}${fault.line === null ? "" : `:${fault.line}`}: `}
          {fault.message}
        </span>
      </p>
    )}
    <p class="note">
      One of your own, of the group <code>{group}</code> in <a href="/workspace">the workspace</a>.
    </p>
  </>
);

/** One model or source of the dbt project: what it means, where it comes from, and how its builds went. */
export const nodePage = ({ shell, view }: { shell: Shell; view: NodePageView }) =>
  toDocument(
    <Page title={view.name} shell={shell}>
      <header class="page-head">
        <h1 class="break">{view.name}</h1>
        <span class="tag">{view.kind}</span>
      </header>
      <p class="lead">{view.description || "It has no description."}</p>
      {view.own && <Own own={view.own} />}
      <Facts view={view} />
      <Columns view={view} />
      <div class="split">
        <div>
          {view.kind === "model" && (
            <Section id="sql" title="SQL" note="The file as written, and what it becomes">
              {view.rawSql !== null && <SqlText id="source" title="As written in the project" sql={view.rawSql} />}
              {view.compiledSql !== null && (
                <SqlText
                  id="compiled"
                  title="Compiled: what a full build asks of the database"
                  sql={view.compiledSql}
                />
              )}
            </Section>
          )}
          {view.kind === "model" && <Builds builds={view.builds} />}
          {view.kind === "source" && <Way view={view} />}
        </div>
        {view.kind === "model" && (
          <div class="rail">
            <Way view={view} />
          </div>
        )}
      </div>
    </Page>,
  );
