import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { hasLibrary, python, runPython } from "../../support/python.ts";
import { password } from "../http/access.ts";
import { openWholeApp, type WholeApp } from "../whole-app.ts";

let whole: WholeApp;
let server: ReturnType<typeof Bun.serve>;

beforeAll(async () => {
  whole = await openWholeApp();
  server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request, peer) => whole.app.fetch(request, peer) });
}, 60_000);
afterAll(async () => {
  await server.stop(true);
  await whole.close();
});

/** What a script prints that has `barline`, a client of the app. */
const ask = (script: string, more: Record<string, string> = {}) =>
  runPython(
    `import json, os\nfrom barline import Barline, BarlineError\nbarline = Barline(os.environ["URL"])\n${script}`,
    { URL: `http://127.0.0.1:${server.port}`, BARLINE_TOKEN: password, ...more },
  );

const answered = async (path: string): Promise<Record<string, unknown>[]> => await (await whole.get(path)).json();

/** What scans Parquet, where one of them is installed. */
const engine = ["duckdb", "polars"].find(hasLibrary);
/** A lake of facts, of one row a ticker. */
async function lakeOf(tickers: readonly string[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "barline-lake-"));
  const table = join(root, "marts/fct_polygon__stock_bars_performance");
  const key = "marts/fct_polygon__stock_bars_performance/year=2025/part-1.parquet";
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await mkdir(join(table, "year=2025"), { recursive: true });
  await connection.run(
    `copy (select unnest(['${tickers.join("','")}']) as ticker) to '${join(root, key)}' (format parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  const partitions = [{ year: 2025, files: [{ key }] }];
  await Bun.write(join(table, "_current.json"), JSON.stringify({ partitions }));
  return root;
}

/** A notebook's kernel takes seconds to start. */
const canRunNotebooks = ["nbclient", "ipykernel", "pandas"].every(hasLibrary);

test("the file is served to everybody, and says when it has not changed", async () => {
  const url = `http://127.0.0.1:${server.port}/clients/barline.py`;
  const response = await fetch(url);
  expect(await response.text()).toContain("class Barline:");
  const again = await fetch(url, { headers: { "If-None-Match": response.headers.get("ETag") ?? "" } });
  expect(again.status).toBe(304);
});

describe.skipIf(python === null)("a script", () => {
  test("reads bars, screens and runs as the API answers them, without anything installed", async () => {
    const script = `
import datetime
bars = barline.bars("TEN", "2023-12-20", datetime.date(2024, 1, 5), frame="plain")
stated = barline.bars(["TEN", "SPY"], "2023-12-20", "2023-12-21", exact=True, frame="plain")
facts = barline.facts(["SPY", "TEN"], ["close_price"], "2023-12-20", "2023-12-20", frame="plain")
screen = barline.screen(columns=["return_1d"], sort="ticker", limit=2, frame="plain")
run = barline.backtest("momentum", "TEN", "2020-01-02", "2022-12-30", params={"shortWindow": 10}, commission={"bps": 5}, frame="plain")
sheet = barline.tear_sheet("buy_and_hold", "TEN", "2022-01-03", "2022-12-30")
print(json.dumps({
    "bars": [{**bar, "date": bar["date"].isoformat()} for bar in bars],
    "stated": sorted({(bar["ticker"], type(bar["date"]).__name__, type(bar["volume"]).__name__) for bar in stated}),
    "facts": [[row["asked"], row["trade_date"].isoformat(), type(row["close_price"]).__name__] for row in facts],
    "screen": screen,
    "metrics": run.metrics, "params": run.scenario["params"], "bps": run.scenario["commission"]["bps"],
    "equity": [len(run.equity), type(run.equity[0]["date"]).__name__], "trades": list(run.trades[0]),
    "figures": len(sheet["run"]["figures"]), "shown": [repr(run)],
}))`;
    const found = (await ask(script)) as Record<string, unknown>;
    expect(found.bars).toEqual(await answered("/api/bars/TEN?from=2023-12-20&to=2024-01-05"));
    expect(found.stated).toEqual([
      ["SPY", "date", "float"],
      ["TEN", "date", "float"],
    ]);
    expect(found.facts).toEqual(["SPY", "TEN"].map((asked) => [asked, "2023-12-20", "float"]));
    const { tickers } = (await (await whole.get("/api/screener?columns=return_1d&sort=ticker&limit=2")).json()) as {
      tickers: { ticker: string; values: object }[];
    };
    expect(found.screen).toMatchObject(tickers.map(({ ticker, values }) => ({ ticker, ...values })));
    const request = { ticker: "TEN", strategy: "momentum", from: "2020-01-02", to: "2022-12-30" };
    const asked = { ...request, params: { shortWindow: 10 }, commission: { bps: 5 } };
    const run = (await (await whole.send("POST", "/api/backtests", asked)).json()) as Record<string, unknown>;
    expect(found).toMatchObject({ metrics: run.metrics, params: { shortWindow: 10, longWindow: 50 }, bps: 5 });
    expect(found.equity).toEqual([(run.equity as unknown[]).length, "date"]);
    expect(found.trades).toEqual([
      "entryDate",
      "entryPrice",
      "exitDate",
      "exitPrice",
      "shares",
      "profit",
      "return",
      "reason",
    ]);
    expect(found.shown).toEqual([expect.stringMatching(/^<Backtest momentum TEN 2020-01-02 to 2022-12-30: [+-]/)]);
  }, 20_000);

  test("waits for a sweep, and has its best points as a table", async () => {
    const script = `
sweep = barline.sweep("momentum", "TEN", params={"shortWindow": range(10, 30, 10), "longWindow": [40, 50]}, frame="plain")
print(json.dumps([sweep.state, sweep.raw["points"], sorted({point["shortWindow"] for point in sweep.best}), "in_sample_sharpe" in sweep.best[0]]))`;
    expect(await ask(script)).toEqual(["success", 4, [10, 20], true]);
  }, 20_000);

  test("is told what is refused in the API's words, and where nobody answers", async () => {
    const script = `
def told(call):
    try:
        call()
    except BarlineError as error:
        return [error.status, error.code, error.field, str(error), bool(error.request_id)]
print(json.dumps([
    told(lambda: barline.bars("NOBODY")),
    told(lambda: barline.bars("TEN", "2024-13-01")),
    told(lambda: Barline(barline.url, "barline_wrong").bars("TEN")),
    told(lambda: Barline("http://127.0.0.1:1").bars("TEN"))[:3],
]))`;
    expect(await ask(script)).toEqual([
      [404, "not_found", "ticker", "No bars of NOBODY are published. Tickers are case-sensitive.", true],
      [422, "invalid", "from", expect.stringContaining("from"), true],
      [401, "unauthorized", null, expect.stringContaining("token"), true],
      [null, "unreachable", null],
    ]);
  });

  test("reads many tickers and facts by page, all of one build", async () => {
    const asked: string[] = [];
    const pages = [
      {
        build: "1",
        facts: [{ asked: "A", ticker: "A", trade_date: "2024-01-02", close_price: 1, note: "x" }],
        next: "c1",
      },
      // Another build was published: it begins again.
      null,
      {
        build: "2",
        facts: [{ asked: "A", ticker: "A", trade_date: "2024-01-02", close_price: 2, note: null }],
        next: "c2",
      },
      {
        build: "2",
        facts: [{ asked: "B", ticker: "B.OLD", trade_date: "2024-01-03", close_price: 3.5, note: "y" }],
        next: null,
      },
      {
        build: "2",
        bars: [
          { asked: "A", date: "2024-01-02", ticker: "A", open: 1, high: 1, low: 1, close: 1, volume: 1, vwap: null },
        ],
        next: null,
      },
    ];
    const paged = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        asked.push(`${pathname} ${searchParams.get("tickers")} ${searchParams.get("cursor")}`);
        const page = pages.shift();
        const gone = { code: "gone", message: "Begin again.", requestId: "1" };
        return page ? Response.json(page) : Response.json({ error: gone }, { status: 410 });
      },
    });
    const script = `
facts = barline.facts(["A", "B"], ["close_price", "note"], "2024-01-01", frame="plain")
bars = barline.bars(["A"], frame="plain")
print(json.dumps([[{**row, "trade_date": row["trade_date"].isoformat()} for row in facts], list(bars[0])]))`;
    const found = await ask(script, { URL: `http://127.0.0.1:${paged.port}` });
    await paged.stop(true);
    expect(found).toEqual([
      [
        { asked: "A", ticker: "A", trade_date: "2024-01-02", close_price: 2, note: null },
        { asked: "B", ticker: "B.OLD", trade_date: "2024-01-03", close_price: 3.5, note: "y" },
      ],
      ["asked", "date", "ticker", "open", "high", "low", "close", "volume", "vwap"],
    ]);
    expect(asked).toEqual([
      ...["/api/facts A,B null", "/api/facts A,B c1", "/api/facts A,B null", "/api/facts A,B c2"],
      "/api/bars A null",
    ]);
  });

  test.skipIf(engine === undefined)(
    "scans the current build of the lake, and fetches what it has not got",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "barline-lake-"));
      const script = `
import hashlib, pathlib, sys
import ${engine} as engine
def rows(scan):
    return sorted(scan.fetchall() if hasattr(scan, "fetchall") else scan.collect().rows())
made = pathlib.Path("${folder}") / "lake"
table = made / "marts" / "facts"
parts = []
for year in (2024, 2025):
    place = table / f"year={year}" / "part-1.parquet"
    place.parent.mkdir(parents=True)
    if "${engine}" == "duckdb":
        engine.sql(f"select 'A' as ticker, {year} * 2 as price").write_parquet(str(place))
    else:
        engine.DataFrame({"ticker": ["A"], "price": [year * 2]}).write_parquet(place)
    held = place.read_bytes()
    file = {"key": f"marts/facts/year={year}/part-1.parquet", "rows": 1, "bytes": len(held), "sha256": hashlib.sha256(held).hexdigest()}
    parts.append({"year": year, "files": [file]})
(table / "_current.json").write_text(json.dumps({"partitions": parts}))
cache = "${folder}/cache"
found = [rows(barline.lake("facts", engine="${engine}", cache=cache)) for _ in range(2)]
found.append(rows(barline.lake("facts", engine="${engine}", root=made, years=[2025])))
def told(call):
    try:
        return call()
    except BarlineError as error:
        return str(error)
found.append(told(lambda: barline.lake("nothing", engine="${engine}", cache=cache)))
print(json.dumps(found))`;
      const asked: string[] = [];
      const lake = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        async fetch(request) {
          const { pathname } = new URL(request.url);
          const key = pathname.replace("/export/files/", "");
          asked.push(key);
          const file = Bun.file(join(folder, "lake", decodeURIComponent(key)));
          return (await file.exists()) ? new Response(file) : new Response("<h1>Not found</h1>", { status: 404 });
        },
      });
      const url = `http://127.0.0.1:${lake.port}`;
      const found = await ask(script, { URL: url });
      await lake.stop(true);
      await rm(folder, { recursive: true });
      const both = [2024, 2025].map((year) => ["A", year * 2, year]);
      const nothing = `No build of nothing is in the lake. ${url}/export turns the export on, and lists its tables.`;
      expect(found).toEqual([both, both, [both[1]], nothing]);
      expect(asked).toEqual([
        "marts/facts/_current.json",
        ...["marts/facts/year%3D2024/part-1.parquet", "marts/facts/year%3D2025/part-1.parquet"],
        "marts/facts/_current.json",
        "marts/nothing/_current.json",
      ]);
    },
    30_000,
  );

  test("asks again when it is told to come later, as often as it may, and sends its token nowhere else", async () => {
    const asked: { path: string; authorization: string | null }[] = [];
    const refusals = [429, 503];
    const busy = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        const { pathname } = new URL(request.url);
        asked.push({ path: pathname, authorization: request.headers.get("Authorization") });
        if (pathname === "/api/moved") return new Response(null, { status: 302, headers: { Location: "/elsewhere" } });
        const status = pathname === "/api/busy" ? 429 : refusals.shift();
        if (status === undefined) return Response.json({ done: true });
        const error = { code: "busy", message: "Not now.", requestId: "1" };
        return Response.json({ error }, { status, headers: { "Retry-After": "0" } });
      },
    });
    const script = `
def told(call):
    try:
        return call()
    except BarlineError as error:
        return [error.status, str(error)]
print(json.dumps([
    told(lambda: barline.request("POST", "/api/later", body={"a": 1})),
    told(lambda: Barline(barline.url, retries=1).request("GET", "/api/busy")),
    told(lambda: barline.request("GET", "/api/moved")),
]))`;
    const url = `http://127.0.0.1:${busy.port}`;
    const found = await ask(script, { URL: url });
    await busy.stop(true);
    expect(found).toEqual([
      { done: true },
      [429, "Not now."],
      [302, `${url}/api/moved answered 302, and not as Barline does.`],
    ]);
    expect(asked.map(({ path }) => path)).toEqual([
      ...Array(3).fill("/api/later"),
      ...Array(2).fill("/api/busy"),
      "/api/moved",
    ]);
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${password}`]));
  });

  test.each(["pandas", "polars"])(
    "has tables as %s frames where it is installed",
    async (library) => {
      if (!hasLibrary(library)) return;
      const script = `
bars = barline.bars("TEN", "2023-12-20", "2024-01-05", frame="${library}")
run = barline.backtest("momentum", "TEN", frame="${library}")
screen = barline.screen(frame="${library}")
print(json.dumps([len(bars), str(bars["date"].dtype), str(bars["volume"].dtype).lower(), len(run.trades) > 0, str(run.trades["exitDate"].dtype), list(screen.columns)[:2]]))`;
      const dates = library === "pandas" ? expect.stringMatching(/^datetime64\[/) : "Date";
      const { length } = await answered("/api/bars/TEN?from=2023-12-20&to=2024-01-05");
      expect(await ask(script)).toEqual([length, dates, "float64", true, dates, ["ticker", "name"]]);
    },
    30_000,
  );

  test.skipIf(!canRunNotebooks)(
    "of a notebook goes from first bars to a tear sheet",
    async () => {
      const script = `
import nbformat, tempfile, urllib.request
from nbclient import NotebookClient
notebook = nbformat.reads(urllib.request.urlopen(os.environ["BARLINE_URL"] + "/clients/barline.ipynb").read(), as_version=4)
with tempfile.TemporaryDirectory() as folder:
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}}).execute()
cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
shown = [output.data.get("text/plain", "") for output in cells[-1].outputs if "data" in output]
print(json.dumps([len(cells), all(cell.execution_count for cell in cells), "sharpe" in " ".join(shown)]))`;
      const [cells, isRun, hasSharpe] = (await ask(script, {
        BARLINE_URL: `http://127.0.0.1:${server.port}`,
        PYTHONWARNINGS: "ignore",
      })) as [number, boolean, boolean];
      expect({ isMany: cells > 5, isRun, hasSharpe }).toEqual({ isMany: true, isRun: true, hasSharpe: true });
    },
    120_000,
  );

  describe.each(["pandas", "polars", "duckdb", "pyspark"])("of README for %s", (library) => {
    test.skipIf(!hasLibrary(library))(
      "runs as it stands",
      async () => {
        const readme = await Bun.file(join(import.meta.dir, "../../../README.md")).text();
        const lines = /```python\n(from barline [^`]*)```/.exec(readme)?.[1]?.split("\n") ?? [];
        const own = lines.filter((line, index) => index < 2 || line.endsWith(`# ${library}`));
        expect(own.length).toBe(3);
        const url = `http://127.0.0.1:${server.port}`;
        const code = own
          .join("\n")
          .replaceAll("http://127.0.0.1:3000", url)
          .replace("barline_…", password)
          .replaceAll("AAPL", "TEN");
        const spark = `from pyspark.sql import SparkSession\nspark = SparkSession.builder.config("spark.ui.enabled", "false").getOrCreate()`;
        const root = await lakeOf(["TEN", "SPY"]);
        const script = `${library === "pyspark" ? spark : ""}
${code.replaceAll("2025-01-02", "2023-12-20").replace("lake_files()", `lake_files(root="${root}")`).replace("lake(engine", `lake(root="${root}", engine`)}
found = facts if "facts" in dir() else bars
print(json.dumps([found.count() if "${library}" == "pyspark" else len(found)]))`;
        const found = await ask(script, { PYTHONWARNINGS: "ignore" });
        await rm(root, { recursive: true });
        expect(found).toEqual([
          library === "pyspark"
            ? 2
            : library === "duckdb"
              ? 1
              : (await answered("/api/bars/TEN?from=2023-12-20")).length,
        ]);
      },
      120_000,
    );
  });
});
