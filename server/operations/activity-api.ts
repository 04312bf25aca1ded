import { z } from "zod";
import { type ActionRow, selectActions } from "../../db/queries/operations/read-actions.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import { idInUrl, jobInUrl, limitInUrl, textInUrl } from "../http/schemas.ts";
import { requireJob } from "../pipeline/status-api.ts";

const kindAllowed = "has to be a kind such as run.retry, or a thing such as run";
const nameAllowed = "has to be a name of 1 to 120 characters";
const instant = z.iso.datetime().meta({ example: "2025-01-03T09:30:00.000Z" });

const actionAnswer = z
  .strictObject({
    id: z.int().positive(),
    at: instant,
    actor: z
      .string()
      .meta({ description: "The name given at sign-in, the name of the token, or what else is known of who it was." }),
    via: z.enum(["dashboard", "api", "token", "system"]),
    kind: z.string().meta({ example: "run.retry" }),
    job: z.string().nullable(),
    runId: z.int().nullable(),
    taskId: z.int().nullable(),
    backfillId: z.int().nullable(),
    reason: z.string().nullable().meta({ description: "In the person's words." }),
    details: z.unknown().meta({ description: "Any JSON value." }),
  })
  .meta({ id: "Action" });

const signInAnswer = z
  .strictObject({ name: z.string(), address: z.string().nullable(), since: instant, until: instant })
  .meta({ id: "SignIn" });

const toAction = ({ id, actor, kind, runId, taskId, backfillId, reason, details, ...row }: ActionRow) => ({
  id,
  at: row.at.toISOString(),
  actor,
  via: row.via as z.input<typeof actionAnswer>["via"],
  kind,
  job: row.jobId,
  runId,
  taskId,
  backfillId,
  reason,
  details,
});

export const actionOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/actions",
    summary: "Who did what and when, the newest first",
    request: {
      query: z.strictObject({
        kind: z
          .string({ error: kindAllowed })
          .regex(/^[a-z_]{1,40}(\.[a-z_]{1,40})?$/, { error: kindAllowed })
          .optional(),
        person: textInUrl(1, 120, nameAllowed).optional(),
        job: jobInUrl.optional(),
        run: idInUrl.optional(),
        backfill: idInUrl.optional(),
        limit: limitInUrl,
        before: idInUrl
          .optional()
          .meta({ description: "Only actions with a smaller id: the last id of the page before." }),
      }),
    },
    answers: { 200: { description: "The actions.", schema: z.array(actionAnswer) } },
    handle: async ({ query: { kind, person, job, run, backfill, limit, before } }, context) => {
      if (job !== undefined) requireJob(context, job);
      const filter = {
        kind: kind ?? null,
        actor: person ?? null,
        jobId: job ?? null,
        runId: run ?? null,
        backfillId: backfill ?? null,
        before: before ?? null,
      };
      return answer(200, (await selectActions(context.read, filter, limit)).map(toAction));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/sign-ins",
    summary: "Who is signed in, the latest first",
    description: "Nobody where no password is set. Who sends the password as a token needs no session.",
    answers: { 200: { description: "The sessions.", schema: z.array(signInAnswer) } },
    handle: async (_input, { guard }) => {
      const people = guard ? await guard.sessions.list(undefined) : [];
      const rows = people.map(({ name, address, createdAt, expiresAt }) => ({
        name,
        address,
        since: createdAt.toISOString(),
        until: expiresAt.toISOString(),
      }));
      return answer(200, rows);
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/sign-ins/end",
    summary: "Sign everybody out, in every browser",
    answers: {
      200: { description: "How many sessions it ended.", schema: z.strictObject({ ended: z.int().min(0) }) },
    },
    handle: async (_input, { guard, by }) => answer(200, { ended: guard ? await guard.sessions.endAll(by) : 0 }),
  }),
];
