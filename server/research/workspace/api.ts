import { z } from "zod";
import type { OwnGroup, OwnNode, OwnStrategy } from "../../../views/research/workspace-view.ts";
import { answer, defineOperation, type Operation } from "../../http/operation.ts";
import { count, id, instant } from "../../http/schemas.ts";
import { readOverview } from "./overview.ts";

const faultAnswer = z
  .strictObject({
    message: z.string(),
    file: z.string().nullable().meta({ description: "Relative to the folder.", example: "models/z_score.sql" }),
    line: count.nullable(),
  })
  .meta({ id: "WorkspaceFault" });

const milliseconds = z.number().min(0).nullable();
const groupState = z.enum(["published", "failed", "timed_out", "refused", "waiting"]);

const nodeAnswer = z
  .strictObject({
    id: z.string().meta({ example: "model.workspace.z_score" }),
    name: z.string(),
    kind: z.enum(["model", "seed", "snapshot", "test"]),
    file: z.string(),
    state: z
      .enum([...groupState.options, "skipped"])
      .nullable()
      .meta({ description: "`skipped`: something else of its group is at fault; null before the first build." }),
    fault: faultAnswer.nullable(),
    note: z.string().nullable().meta({ description: "Something to know that stops nothing." }),
    materialization: z.string().nullable(),
    description: z.string(),
    publishedAs: z.string().nullable().meta({ description: "Its relation, as `schema.name`." }),
    builtAt: instant.nullable(),
    durationMs: milliseconds,
    rows: count.nullable(),
    runId: id.nullable(),
    testsPassed: count,
    testsFailed: count,
    columns: z.array(z.string()).meta({ description: "Those that the screener takes, as `model.column`." }),
    unofferedColumns: z.array(
      z.strictObject({
        column: z.string(),
        why: z.enum(["name", "model_name", "type", "unreadable"]).meta({
          description: "Names that are offered have letters, digits and `_` alone.",
        }),
      }),
    ),
  })
  .meta({ id: "WorkspaceNode" });

const groupAnswer = z
  .strictObject({
    name: z.string(),
    state: groupState.nullable().meta({ description: "As the newest build left it; null before the first." }),
    fault: faultAnswer.nullable(),
    faults: z.array(faultAnswer).meta({ description: "All that is wrong with the files now." }),
    checkedAt: instant.nullable(),
    publishedAt: instant.nullable(),
    durationMs: milliseconds,
    runId: id.nullable(),
    isCurrent: z.boolean().meta({ description: "Whether the state is of the files as they are now." }),
    nodes: z.array(nodeAnswer),
  })
  .meta({ id: "WorkspaceGroup", description: "Nodes that read each other: built, tested and published as one." });

const strategyAnswer = z
  .strictObject({
    file: z.string().meta({ description: "In the folder `strategies`." }),
    state: z.enum(["checking", "ok", "broken"]),
    id: z.string().nullable(),
    name: z.string().nullable(),
    scope: z.enum(["ticker", "universe"]).nullable(),
    fault: faultAnswer.nullable(),
    checks: z.array(z.strictObject({ label: z.string(), passed: z.boolean(), detail: z.string() })),
    foundAt: instant,
  })
  .meta({ id: "WorkspaceStrategy" });

const toNode = (node: OwnNode): z.input<typeof nodeAnswer> => ({
  ...{ id: node.id, name: node.name, kind: node.kind, file: node.file, state: node.state, fault: node.fault },
  ...{ note: node.note, materialization: node.materialization, description: node.description },
  ...{ durationMs: node.durationMs, rows: node.rows, runId: node.runId },
  ...{ testsPassed: node.testsPassed, testsFailed: node.testsFailed, columns: node.offered },
  publishedAs: node.published?.as ?? null,
  builtAt: node.builtAt?.toISOString() ?? null,
  unofferedColumns: node.unoffered.map(({ column, why }) => ({ column, why })),
});

const toGroup = ({ checkedAt, publishedAt, nodes, ...group }: OwnGroup): z.input<typeof groupAnswer> => ({
  ...group,
  checkedAt: checkedAt?.toISOString() ?? null,
  publishedAt: publishedAt?.toISOString() ?? null,
  nodes: nodes.map(toNode),
});

const toStrategy = ({ message, problemFile, line, ...strategy }: OwnStrategy): z.input<typeof strategyAnswer> => ({
  ...{ file: strategy.file, state: strategy.state, id: strategy.id, name: strategy.name, scope: strategy.scope },
  fault: message === null ? null : { message, file: `strategies/${problemFile ?? strategy.file}`, line },
  checks: strategy.checks.map(({ label, passed, detail }) => ({ label, passed, detail })),
  foundAt: strategy.foundAt.toISOString(),
});

export const workspaceOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/workspace",
    summary: "The people's own models, tests and strategies: what was found, and how each stands",
    answers: {
      200: {
        description: "What lies in the folder now, and what the newest build made of it.",
        schema: z.strictObject({
          folder: z.string(),
          problem: z.string().nullable().meta({ description: "Why it cannot be read." }),
          readAt: instant.nullable().meta({ description: "When a run read it last." }),
          isCurrent: z.boolean().meta({ description: "Whether that run read what is there now." }),
          isBuilding: z.boolean().meta({ description: "Whether a run is queued or at work." }),
          groups: z.array(groupAnswer),
          strategies: z.array(strategyAnswer),
        }),
      },
    },
    handle: async (_input, context) => {
      const { folder, problem, readAt, isCurrent, isBuilding, groups, strategies } = await readOverview(context);
      return answer(200, {
        ...{ folder, problem, isCurrent, isBuilding, readAt: readAt?.toISOString() ?? null },
        groups: groups.map(toGroup),
        strategies: strategies.map(toStrategy),
      });
    },
  }),
];
