import type { Child } from "hono/jsx";
import { Section } from "../components.tsx";

export type ConnectView = {
  /** How people reach this Barline. */
  origin: string;
  /** Whether programs have to send a token. */
  needsToken: boolean;
  /** Its name in its server. */
  database: string;
  /** The port of the embedded server on loopback; null where the database is somebody's own. */
  embeddedPort: number | null;
};

const Code = ({ text }: { text: string }) => (
  <pre tabindex={0}>
    <code>{text}</code>
  </pre>
);

const Way = ({ title, children }: { title: string; children: Child }) => (
  <details class="connection">
    <summary>{title}</summary>
    <div class="connection-parts">{children}</div>
  </details>
);

const host = (view: ConnectView) => (view.embeddedPort === null ? "HOST" : "127.0.0.1");
const port = (view: ConnectView) => String(view.embeddedPort ?? 5432);

const Python = ({ view: { origin, needsToken } }: { view: ConnectView }) => (
  <>
    <Code
      text={`curl -O ${origin}/clients/barline.py\npython3 -c 'from barline import Barline; print(Barline("${origin}"${needsToken ? ', token="…"' : ""}).bars("AAPL", "2020-01-01"))'`}
    />
    <p>
      One file that needs nothing else: pandas or Polars frames where those are, lists of dicts where not.{" "}
      <a href="/clients/barline.ipynb" download="">
        A notebook
      </a>{" "}
      goes from first bars to a tear sheet.
      {needsToken && (
        <>
          {" "}
          Tokens are made on <a href="/system#tokens">the System page</a>.
        </>
      )}
    </p>
  </>
);

const Grafana = ({ view: { origin, needsToken } }: { view: ConnectView }) => (
  <Way title="Grafana">
    <p>
      Have Prometheus scrape <code>/metrics</code>, and import <a href="/clients/grafana.json">the dashboard</a>:
      Dashboards, New, Import. For charts of prices, add a data source of the kind PostgreSQL with a login of the
      database.
    </p>
    <Code
      text={`scrape_configs:\n  - job_name: barline\n    static_configs:\n      - targets: ["${new URL(origin).host}"]${
        origin.startsWith("https:") ? "\n    scheme: https" : ""
      }${needsToken ? "\n    authorization:\n      credentials: barline_…" : ""}`}
    />
  </Way>
);

const Metabase = ({ view }: { view: ConnectView }) => (
  <Way title="Metabase, Superset, Tableau, DBeaver">
    <p>
      Add a database of the kind PostgreSQL: host <code>{host(view)}</code>, port <code>{port(view)}</code>, with user,
      password and database of a login of the database. The schema is <code>public</code>.
    </p>
  </Way>
);

const Excel = ({ view }: { view: ConnectView }) => (
  <Way title="Excel and Power BI">
    <p>
      Data, Get Data, From Other Sources, Blank Query, Advanced Editor; sign in as anonymous, as the token is in the
      query:
    </p>
    <Code
      text={[
        "let",
        `  answer = Web.Contents("${view.origin}/api/bars/AAPL",`,
        `    [Query = [from = "2020-01-01"]${view.needsToken ? ', Headers = [Authorization = "Bearer barline_…"]' : ""}]),`,
        "  bars = Table.FromRecords(Json.Document(answer)),",
        '  typed = Table.TransformColumnTypes(bars, {{"date", type date}}, "en-US")',
        "in",
        "  typed",
      ].join("\n")}
    />
    <p>Or by ODBC, with PostgreSQL’s driver and a login of the database:</p>
    <Code
      text={`Driver={PostgreSQL Unicode(x64)};Server=${host(view)};Port=${port(view)};Database=${view.database};Uid=barline_…;Pwd=…;ReadOnly=1`}
    />
  </Way>
);

const Others = ({ view: { origin } }: { view: ConnectView }) => (
  <Way title="DuckDB and TypeScript">
    <Code
      text={"attach 'postgresql://barline_…' as barline (type postgres, read_only);\nfrom barline.public.dim_tickers;"}
    />
    <Code
      text={`import { createBarline } from "./barline.ts"; // ${origin}/clients/barline.ts\nconst barline = createBarline("${origin}");\nconst bars = await barline("GET /api/bars/{ticker}", { path: { ticker: "AAPL" } });`}
    />
  </Way>
);

const Reach = ({ view: { embeddedPort } }: { view: ConnectView }) =>
  embeddedPort === null ? (
    <p class="note">
      The database is where DATABASE_URL says. Whether other machines reach it is that server’s to say.
    </p>
  ) : (
    <p class="note">
      The embedded database listens on this machine’s loopback only, at port {embeddedPort}, which may be another after
      a restart. From elsewhere, tunnel:{" "}
      <code class="break">ssh -N -L 5433:127.0.0.1:{embeddedPort} you@this-machine</code>, and use 127.0.0.1, port 5433.
      Of a container nothing outside reaches it: give Barline a database of your own by DATABASE_URL.
    </p>
  );

/** How other programs get at the data: what to paste, and where. */
export const Connect = ({ view }: { view: ConnectView }) => (
  <Section id="connect" title="Connect" note="From a notebook, a dashboard or a spreadsheet">
    <Python view={view} />
    <Excel view={view} />
    <Metabase view={view} />
    <Grafana view={view} />
    <Others view={view} />
    <Reach view={view} />
  </Section>
);
