import { Empty, Section } from "../components.tsx";
import { FileLinks } from "../file-links.tsx";
import { formatCount, formatInteger } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { FailingRows } from "./test.tsx";
import type { FoundRowsView } from "./types.ts";

/** What a test finds in the published tables now: all of it, a page at a time. */
export const foundRowsPage = ({ shell, view }: { shell: Shell; view: FoundRowsView }) =>
  toDocument(
    <Page title={`Rows of ${view.name}`} shell={shell}>
      <header class="page-head">
        <h1 class="break">{view.name}</h1>
      </header>
      <p class="lead">
        {view.asserts ?? `A test of ${view.subject}.`} What is published is asked again now; the test's own page tells{" "}
        <a href={`/quality/tests/${encodeURIComponent(view.name)}`}>how it went before</a>.
      </p>
      {view.total === 0 ? (
        <Empty>
          <p>It finds nothing: what is published passes.</p>
        </Empty>
      ) : (
        <Section
          id="rows"
          title="Failing rows"
          note={
            view.rows.length === 0
              ? `No row stands there; it finds ${formatCount(view.total, "row")}`
              : `${formatInteger(view.from + 1)} to ${formatInteger(view.from + view.rows.length)} of ${formatCount(view.total, "row")}`
          }
          aside={<FileLinks csv={view.csvUrl} label="Export CSV" />}
        >
          {view.rows.length > 0 && <FailingRows failure={view} />}
          {(view.newer ?? view.older) && (
            <nav class="pager" aria-label="Pages">
              {view.newer && (
                <a class="button" href={view.newer}>
                  ← Previous
                </a>
              )}
              {view.older && (
                <a class="button" href={view.older}>
                  Next →
                </a>
              )}
            </nav>
          )}
        </Section>
      )}
    </Page>,
  );
