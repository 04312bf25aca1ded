import { z } from "zod";
import { type EventSeen, selectEvent, selectEvents } from "../../db/queries/pipeline/read-events.ts";
import { runStates } from "../../jobs/orchestrator/types.ts";
import { HttpError } from "../http/errors.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import { count, id, idInUrl, limitInUrl, textInUrl } from "../http/schemas.ts";
import { readDatasets } from "./dataset-read.ts";

const instant = z.iso.datetime();

const datasetAllowed = "has to be the name of a dataset, of at most 500 characters";
const datasetInUrl = textInUrl(1, 500, datasetAllowed).meta({ example: "s3://test/manifests" });

const eventAnswer = z
  .strictObject({
    id,
    dataset: z.string(),
    payload: z.unknown().meta({ description: "Any JSON value." }),
    createdAt: instant,
    producer: z
      .strictObject({ job: z.string(), runId: id, task: z.string() })
      .meta({ description: "The run and task that recorded it." }),
    claims: z
      .array(z.strictObject({ job: z.string(), runId: id, state: z.enum(runStates), claimedAt: instant }))
      .meta({ description: "The one run of each job that claimed it." }),
    waitingFor: z.array(z.string()).meta({ description: "Jobs that it wakes and that have not claimed it." }),
  })
  .meta({ id: "Event" });

const datasetAnswer = z
  .strictObject({
    name: z.string(),
    producers: z.array(z.string()).meta({ description: "Jobs that record events for it." }),
    subscribers: z.array(z.strictObject({ job: z.string(), waiting: count, waitingSince: instant.nullable() })),
    events: count,
    lastEvent: z.strictObject({ id, at: instant, runId: id }).nullable(),
  })
  .meta({ id: "Dataset" });

function toEvent({ producer, claims, ...event }: EventSeen): z.input<typeof eventAnswer> {
  return {
    ...event,
    createdAt: event.createdAt.toISOString(),
    producer: { job: producer.jobId, runId: producer.runId, task: producer.task },
    claims: claims.map(({ jobId, runId, state, claimedAt }) => ({
      job: jobId,
      runId,
      state: state as (typeof runStates)[number],
      claimedAt: claimedAt.toISOString(),
    })),
  };
}

export const eventOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/datasets",
    summary: "Datasets, the jobs that record and read them, and the events that wait",
    answers: { 200: { description: "The datasets.", schema: z.array(datasetAnswer) } },
    handle: async (_input, context) =>
      answer(
        200,
        (await readDatasets(context)).map(({ name, producers, subscribers, events, lastEvent }) => ({
          name,
          producers,
          subscribers: subscribers.map(({ jobId, waiting, waitingSince }) => ({
            job: jobId,
            waiting,
            waitingSince: waitingSince?.toISOString() ?? null,
          })),
          events,
          lastEvent: lastEvent && { id: lastEvent.id, at: lastEvent.at.toISOString(), runId: lastEvent.runId },
        })),
      ),
  }),
  defineOperation({
    method: "get",
    path: "/api/events",
    summary: "Dataset events, the newest first, with who recorded and who claimed each",
    request: {
      query: z.strictObject({
        dataset: datasetInUrl.optional(),
        run: idInUrl.optional().meta({ description: "Only events that this run claimed or recorded." }),
        limit: limitInUrl,
        before: idInUrl
          .optional()
          .meta({ description: "Only events with a smaller id: the last id of the page before." }),
      }),
    },
    answers: { 200: { description: "The events.", schema: z.array(eventAnswer) } },
    handle: async ({ query: { dataset, run, limit, before } }, { read }) =>
      answer(200, (await selectEvents(read, { dataset, runId: run, before }, limit)).map(toEvent)),
  }),
  defineOperation({
    method: "get",
    path: "/api/events/{id}",
    summary: "One dataset event",
    request: { path: z.strictObject({ id: idInUrl }) },
    answers: { 200: { description: "The event.", schema: eventAnswer } },
    handle: async ({ path }, { read }) => {
      const event = await selectEvent(read, path.id);
      if (!event) throw new HttpError(404, "not_found", `There is no event ${path.id}.`, { field: "id" });
      return answer(200, toEvent(event));
    },
  }),
];
