import { z } from "zod";
import type { GraphEdge, GraphNode } from "../../views/pipeline/graph-types.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import { count, id } from "../http/schemas.ts";
import { readGraph } from "./graph-read.ts";

const instant = z.iso.datetime();

const nodeAnswer = z
  .strictObject({
    id: z.string().meta({ example: "dataset:s3://test/manifests" }),
    kind: z.enum(["market", "job", "dataset", "source", "model"]),
    name: z.string(),
    description: z.string(),
    state: z.string().meta({
      description:
        "Of a job what it does, else how its last run ended; of a dataset whether an event waits; of a model how the last build left it.",
    }),
    run: id.nullable().meta({ description: "The run that the state is of." }),
    paused: z.boolean(),
    queued: count,
    running: count,
    failed: count,
    waiting: count.meta({ description: "Events that nobody has claimed." }),
    lastSuccess: z
      .strictObject({ at: instant, runId: id })
      .nullable()
      .meta({ description: "Of a dataset its last event." }),
    rows: count.nullable().meta({ description: "Of a job those of its last success; of a table an estimate." }),
    events: count.nullable(),
    tests: z
      .strictObject({ all: count, passed: count, warned: count, failed: count, skipped: count })
      .nullable()
      .meta({ description: "Data tests of the last build." }),
  })
  .meta({ id: "GraphNode" });

const edgeAnswer = z
  .strictObject({
    from: z.string(),
    to: z.string(),
    kind: z.enum(["fetches", "records", "wakes", "begins", "reads"]),
    event: z
      .strictObject({ id, at: instant, runId: id })
      .nullable()
      .meta({ description: "The last event that went this way, and the run that recorded or claimed it." }),
    waiting: count,
    waitingSince: instant.nullable(),
  })
  .meta({ id: "GraphEdge" });

const toNode = ({ stateRunId, lastSuccess, rows, ...node }: GraphNode): z.input<typeof nodeAnswer> => ({
  id: node.id,
  kind: node.kind,
  name: node.name,
  description: node.description,
  state: node.state,
  run: stateRunId,
  paused: node.paused,
  queued: node.queued,
  running: node.running,
  failed: node.failed,
  waiting: node.waiting,
  lastSuccess: lastSuccess && { at: lastSuccess.at.toISOString(), runId: lastSuccess.runId },
  rows: rows?.count ?? null,
  events: node.events,
  tests: node.tests,
});

const toEdge = ({ event, waitingSince, ...edge }: GraphEdge): z.input<typeof edgeAnswer> => ({
  ...edge,
  event: event && { ...event, at: event.at.toISOString() },
  waitingSince: waitingSince?.toISOString() ?? null,
});

export const graphOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/graph",
    summary: "Jobs, datasets and models as one graph, each as it stands",
    answers: {
      200: {
        description: "The graph. Without models where the dbt project cannot be read; `projectProblem` says why.",
        schema: z.strictObject({
          nodes: z.array(nodeAnswer),
          edges: z.array(edgeAnswer),
          projectProblem: z.string().nullable(),
        }),
      },
    },
    handle: async (_input, context) => {
      const { nodes, edges, projectProblem } = await readGraph(context);
      return answer(200, { nodes: nodes.map(toNode), edges: edges.map(toEdge), projectProblem });
    },
  }),
];
