import type { Context } from "hono";
import { type Mark, RequestError } from "../../jobs/orchestrator/types.ts";
import { type MarkView, markPage } from "../../views/pipeline/mark.tsx";
import type { AppContext } from "../context.ts";
import { fieldErrors, fieldOf, statusOf } from "../http/request.ts";
import { readShell } from "../http/shell.ts";

/** What a mark is about, as far as its page does not depend on what was typed. */
export type MarkSubject = Omit<MarkView, "draft" | "errors">;

/** Shows the form; the state that it is not in yet is chosen where there is only one. */
export async function showMark(context: AppContext, c: Context, subject: MarkSubject): Promise<Response> {
  const state = subject.state === "success" ? "failed" : subject.state === "failed" ? "success" : "";
  return await answer(context, c, { ...subject, draft: { state, reason: "" }, errors: {} }, 200);
}

/** Marks as the form says; a refusal comes back in the form, with what was typed. */
export async function postMark(
  context: AppContext,
  c: Context,
  subject: MarkSubject,
  mark: (mark: Mark) => Promise<void>,
): Promise<Response> {
  const form = await c.req.parseBody();
  const draft = { state: fieldOf(form, "state"), reason: fieldOf(form, "reason") };
  const refuse = (errors: MarkView["errors"], status: 409 | 422) =>
    answer(context, c, { ...subject, draft, errors }, status);
  const { state, reason } = draft;
  if (state !== "success" && state !== "failed") return await refuse({ state: "Choose one of the two." }, 422);
  try {
    await mark({ state, reason });
    return c.redirect(subject.path, 303);
  } catch (error) {
    if (error instanceof RequestError && error.code === "not_found") throw error;
    return await refuse(fieldErrors(error, ["reason"]), statusOf(error));
  }
}

const answer = async (context: AppContext, c: Context, mark: MarkView, status: 200 | 409 | 422) =>
  c.html(markPage({ shell: await readShell(context, c), mark }), status);
