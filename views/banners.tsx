import { Instant } from "./components.tsx";
import { formatCount } from "./format.ts";
import type { Shell } from "./shell.ts";

/** Which build is on the pages, and what kept a later one from them. */
const UnpublishedBanner = ({ last }: { last: NonNullable<Shell["unpublished"]> }) => {
  const others = last.failedTests - last.tests.length;
  return (
    <div class="banner" role="alert">
      <p>
        <strong>{last.shown ? "The last good build is shown" : "Nothing is published yet"}</strong>
        {last.shown && (
          <>
            , of <a href={`/runs/${last.shown.runId}`}>run {last.shown.runId}</a>,{" "}
            <Instant at={last.shown.finishedAt} />
          </>
        )}
        . <a href={`/runs/${last.runId}`}>Run {last.runId}</a>, <Instant at={last.finishedAt} />, was not published:{" "}
        {last.tests.map(({ name, failures }, index) => (
          <>
            {index > 0 && ", "}
            <a class="break" href={`/quality/tests/${encodeURIComponent(name)}`}>
              {name}
            </a>{" "}
            failed{failures > 0 && ` (${formatCount(failures, "row")})`}
          </>
        ))}
        {others > 0 && ` and ${formatCount(others, "other test")}`}
        {last.tests.length === 0 && last.model !== null && (
          <>
            the model <a href={`/quality/models/${encodeURIComponent(last.model)}`}>{last.model}</a> could not be built
          </>
        )}
        .
      </p>
      {last.failedTests > 0 && <a href="/quality?status=failed">See what failed</a>}
    </div>
  );
};

/** What holds for every page, below the navigation. */
export const Banners = ({ shell }: { shell: Shell }) => (
  <>
    {shell.isSimulated && (
      <aside class="ribbon" aria-label="Where the data is from">
        <strong>SIMULATED DATA: demo exchange</strong>
        <span>
          No price here is real. Set <code>POLYGON_API_KEY</code> to fetch the market.
        </span>
      </aside>
    )}
    {!shell.mayChange && (
      <aside class="ribbon looking" aria-label="What you may do">
        <strong>You are looking</strong>
        <span>You may see everything here and change nothing.</span>
      </aside>
    )}
    {shell.keyRefusal && (
      <div class="banner" role="alert">
        <p>
          <strong>{shell.keyRefusal.message}</strong> {shell.keyRefusal.advice}
        </p>
        <a href={`/runs/${shell.keyRefusal.runId}`}>See run {shell.keyRefusal.runId}</a>
      </div>
    )}
    {shell.unpublished && <UnpublishedBanner last={shell.unpublished} />}
  </>
);
