import type { Sql } from "../../../db/client.ts";
import { readDataVersion } from "../../../db/queries/research/data-version.ts";
import {
  type ListedSweep,
  type SweepRow,
  selectSweepMap,
  type WholeSweep,
} from "../../../db/queries/research/sweeps.ts";
import { formatCount, formatDate, formatInteger, formatLabel } from "../../../views/format.ts";
import type {
  Curve,
  FoundView,
  HeatMapView,
  PointRow,
  SweepSummary,
  SweepView,
} from "../../../views/research/sweep-view.ts";
import type { AppContext } from "../../context.ts";
import { readMissingRoles } from "../../http/missing-roles.ts";
import { urlOfRequest } from "../backtests/url.ts";
import { findListed } from "../workspace/catalogue.ts";
import { scenarioOfPoint } from "./choice.ts";
import { metricInfo, metricInfos } from "./metric-infos.ts";
import { rangeOf } from "./plan.ts";
import { bytesOf, cellsOf } from "./record.ts";
import type { SweepFound, SweepRequest } from "./schemas.ts";
import { formatSpec } from "./specs.ts";
import { mostKept } from "./sweeps.ts";

/** A stored request; it was checked when it was new, and is only shown now. */
const requestOf = (row: SweepRow) => row.request as unknown as SweepRequest;

const parameterLabel = (name: string) => formatLabel(name).replace(/\brsi\b/i, "RSI");
/** In the strategy's own order: the database sorts the names of what it keeps. */
function inOrder<Value>(strategy: string, params: Record<string, Value>): [string, Value][] {
  const names = Object.keys(findListed(strategy)?.parameters.shape ?? {});
  return Object.entries(params).toSorted(([a], [b]) => names.indexOf(a) - names.indexOf(b));
}

const paramsText = (strategy: string, params: Record<string, number>) =>
  inOrder(strategy, params)
    .map(([name, value]) => `${parameterLabel(name)} ${value}`)
    .join(", ");

/** By its request, as its strategy may be gone. */
const isUniverse = ({ ticker }: SweepRequest) => (ticker ?? null) === null;

const strategyName = (id: string) => findListed(id)?.name ?? id;

/** A row of the list, and the head of a page. */
function summaryOf(row: SweepRow, best: SweepFound["best"][number] | null): SweepSummary {
  const { ticker, strategy, params = {}, score = "sharpe" } = requestOf(row);
  const searched = inOrder(strategy ?? "", params).filter(([, spec]) => typeof spec !== "number");
  const info = metricInfo(score);
  return {
    ...{
      id: row.id,
      state: row.state,
      points: row.points,
      done: row.done,
      createdAt: row.createdAt,
      createdBy: row.createdBy,
    },
    ...{ ticker: ticker ?? null, strategy: strategyName(strategy ?? "") },
    searched: searched.map(([name, spec]) => `${parameterLabel(name)} ${formatSpec(spec)}`).join("; "),
    best: best && {
      params: paramsText(strategy ?? "", best.params),
      score: info,
      inSample: best.inSample[score] ?? null,
      outOfSample: best.outOfSample?.[score] ?? null,
    },
  };
}

export const listedSummary = (row: ListedSweep): SweepSummary =>
  summaryOf(row, row.best as SweepFound["best"][number] | null);

/** Which map a page shows, from its address. */
export type MapAsked = { map: number; metric: string | null; show: "best" | "mean" };

type SweepContext = Pick<AppContext, "read" | "config" | "now">;

/** All that a sweep's page shows. */
export async function viewOf(context: SweepContext, row: WholeSweep, asked: MapAsked): Promise<SweepView> {
  const { read, now } = context;
  const isOpen = row.state === "queued" || row.state === "running";
  const found = row.result as unknown as SweepFound | null;
  return {
    summary: summaryOf(row, found?.best[0] ?? null),
    isOpen,
    isServed: !isOpen || !(await readMissingRoles(context)).includes("sweep"),
    ...{
      cancelRequested: row.cancelRequested,
      error: row.error,
      startedAt: row.startedAt,
      finishedAt: row.finishedAt,
      now: now(),
    },
    asked: row.request === null ? [] : askedFacts(requestOf(row)),
    again: `/sweeps?again=${row.id}`,
    kept: mostKept,
    found: found && {
      ...foundView(row, found),
      hasNewData: found.dataVersion !== (await readDataVersion(read, rangeOf(requestOf(row)))),
      heatMap: await heatMapView(read, row, found, asked),
    },
  };
}

function foundView(row: SweepRow, found: SweepFound): Omit<FoundView, "heatMap" | "hasNewData"> {
  const request = requestOf(row);
  const { parts, walkForward } = found;
  return {
    tearSheetUrl: `/sweeps/${row.id}/tear-sheet`,
    isUniverse: isUniverse(request),
    isOfSurvivors: request.survivorship === "survivors_only",
    score: metricInfo(request.score),
    metrics: metricInfos.filter(({ name }) => found.metrics.includes(name)),
    ...{ tally: found.tally, scored: found.scored, deflated: found.deflated },
    ...{ inSample: parts.inSample, outOfSample: parts.outOfSample },
    best: found.best.map((point) => pointRow(request, found, point)),
    equity: equityCurve(found, isUniverse(request)),
    walkForward: walkForward && {
      rows: walkForward.steps.map((step) => ({
        ...step,
        params: step.params && paramsText(request.strategy, step.params),
      })),
      metrics: walkForward.metrics,
      isAnchored: request.walkForward?.anchored ?? false,
      curve: {
        title: "Equity of the parts that nothing was chosen on",
        dates: walkForward.dates,
        lines: [{ label: "Walk-forward", tone: "accent", values: walkForward.equity }],
      },
    },
  };
}

function pointRow(request: SweepRequest, { parts }: SweepFound, point: SweepFound["best"][number]): PointRow {
  const scenario = scenarioOfPoint(request, point);
  return {
    params: paramsText(request.strategy, point.params),
    ...{ inSample: point.inSample, outOfSample: point.outOfSample },
    url: urlOfRequest(scenario),
    inSampleUrl: urlOfRequest({ ...scenario, from: parts.inSample.from, to: parts.inSample.to }),
  };
}

/** The part that nothing was chosen on in a line of its own, from where the other ends. */
function equityCurve({ equity, parts }: SweepFound, ofUniverse: boolean): Curve | null {
  if (equity === null) return null;
  const cut = parts.inSample.sessions;
  const chosen = equity.best.map((value, session) => (session < cut ? value : null));
  const rest = equity.best.map((value, session) => (session >= cut - 1 ? value : null));
  return {
    title: "Equity of the best point",
    dates: equity.dates,
    lines: [
      { label: parts.outOfSample ? "Best, in sample" : "Best", tone: "accent", values: chosen },
      ...(parts.outOfSample ? [{ label: "Best, out of sample", tone: "ma20" as const, values: rest }] : []),
      { label: ofUniverse ? "Universe" : "Buy and hold", tone: "soft", values: equity.buyAndHold },
    ],
  };
}

/** The map that is asked for; the first one of the score where the address says nothing, or nothing that there is. */
export async function heatMapView(
  read: Sql,
  row: SweepRow,
  found: SweepFound,
  asked: MapAsked,
): Promise<HeatMapView | null> {
  const request = requestOf(row);
  const pair = found.maps[asked.map] === undefined ? 0 : asked.map;
  const metric = asked.metric !== null && found.metrics.includes(asked.metric) ? asked.metric : request.score;
  const map = found.maps[pair];
  const place = bytesOf(found, { pair, show: asked.show, metric });
  if (map === undefined || map.x === "" || place === null) return null;
  const bytes = await selectSweepMap(read, row.id, place);
  if (bytes === null) return null;
  const query = new URLSearchParams({ map: String(pair), metric, show: asked.show });
  return {
    action: `/sweeps/${row.id}`,
    pairs: found.maps.map(({ x, y }, index) => ({
      value: String(index),
      label: y === null ? parameterLabel(x) : `${parameterLabel(y)} × ${parameterLabel(x)}`,
      isChosen: index === pair,
    })),
    metrics: metricInfos.filter(({ name }) => found.metrics.includes(name)),
    metric: metricInfo(metric),
    show: asked.show,
    hasOthers: found.maps.length > 1,
    x: { name: map.x, label: parameterLabel(map.x) },
    y: map.y === null ? null : { name: map.y, label: parameterLabel(map.y) },
    columns: bandsOf(map.xValues, map.xSize),
    rows: map.y === null ? [""] : bandsOf(map.yValues, map.ySize),
    cells: cellsOf(bytes, map.xValues.length),
    best: placeOfBest(found, map),
    csv: `/sweeps/${row.id}/heat-map.csv?${query}`,
  };
}

/** Values that stand for several are told as the first of them and what follows. */
const bandsOf = (values: number[], size: number): string[] =>
  values.map((value) => (size > 1 ? `from ${value}` : String(value)));

function placeOfBest(
  { best }: SweepFound,
  { x, y, xValues, yValues }: SweepFound["maps"][number],
): HeatMapView["best"] {
  const [point] = best;
  if (point === undefined) return null;
  const placeIn = (values: number[], value = Number.NaN) => {
    const exact = values.indexOf(value);
    return exact === -1 ? values.findLastIndex((first) => first <= value) : exact;
  };
  const column = placeIn(xValues, point.params[x]);
  const row = y === null ? 0 : placeIn(yValues, point.params[y]);
  return column < 0 || row < 0 ? null : { column, row };
}

/** As it was typed: a whole percentage has no decimals. */
const percent = (fraction: number) => `${Number((fraction * 100).toPrecision(12))}%`;

/** The request in words; what is as it is by itself is left out. */
function askedFacts(request: SweepRequest): SweepView["asked"] {
  const { params, search, split, walkForward, sizing, commission, slippage } = request;
  const costs = [
    ...(commission.bps > 0 ? [`${commission.bps} basis points`] : []),
    ...(commission.perShare > 0 ? [`$${commission.perShare} a share`] : []),
    ...(commission.perOrder > 0 ? [`$${commission.perOrder} an order`] : []),
    ...(slippage.bps > 0 ? [`${slippage.bps} basis points of slippage`] : []),
  ];
  const stops = [
    ...(request.stopLoss === null ? [] : [`loss ${percent(request.stopLoss)}`]),
    ...(request.takeProfit === null ? [] : [`profit ${percent(request.takeProfit)}`]),
    ...(request.trailingStop === null ? [] : [`trailing ${percent(request.trailingStop)}`]),
  ];
  const facts: [string, string][] = [
    ...inOrder(request.strategy, params).map(([name, spec]): [string, string] => [
      parameterLabel(name),
      formatSpec(spec),
    ]),
    ["Range", `${formatDate(request.from ?? "")} to ${formatDate(request.to ?? "")}`],
    [
      "Search",
      search.kind === "grid" ? "every point" : `${formatInteger(search.points)} at random, seed ${search.seed}`,
    ],
    ["Best by", metricInfo(request.score).label],
    ["In sample", splitText(split)],
    [
      "Walk-forward",
      walkForward === null
        ? ""
        : `${formatCount(walkForward.windows, "window")}${walkForward.anchored ? ", anchored" : ""}`,
    ],
    ["Capital", `$${formatInteger(request.capital)}`],
    [isUniverse(request) ? "Invested" : "Each entry takes", sizingText(sizing)],
    ["Shares", request.fractional ? "" : "whole only"],
    ["Chosen from", survivorshipText(request)],
    ["Side", isUniverse(request) ? "" : request.side === "long" ? "long only" : "long and short"],
    ["Costs", costs.join(", ")],
    ["Stops", stops.join(", ")],
    ["Dividends", request.dividends ? "paid to holders" : ""],
    ["Risk-free rate", request.riskFree === 0 ? "" : percent(request.riskFree)],
  ];
  return facts.filter(([, value]) => value !== "").map(([term, value]) => ({ term, value }));
}

function survivorshipText(request: SweepRequest): string {
  if (!isUniverse(request)) return "";
  return request.survivorship === "survivors_only"
    ? "only tickers that still trade, which nobody could have known"
    : "tickers as they were listed then";
}

function splitText(split: SweepRequest["split"]): string {
  if (split === null) return "everything";
  return split.kind === "fraction"
    ? `the first ${percent(split.inSample)}`
    : `before ${formatDate(split.outOfSampleFrom)}`;
}

function sizingText(sizing: SweepRequest["sizing"]): string {
  if (sizing.kind === "equity") return `${percent(sizing.fraction)} of equity`;
  return sizing.kind === "shares" ? formatCount(sizing.shares, "share") : `$${formatInteger(sizing.cash)}`;
}
