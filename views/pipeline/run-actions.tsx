import { Confirm } from "../components.tsx";

/** What people may do to a run as it stands. */
export type RunActionsView = { id: number; isActive: boolean; canRetry: boolean };

/** Retry, cancel and mark of a run. Marking has a page of its own: this one refreshes itself under what is being typed. */
export const RunActions = ({ run }: { run: RunActionsView }) => (
  <div class="page-actions">
    {run.canRetry && (
      <form method="post" action={`/runs/${run.id}/retry`}>
        <button type="submit" class="button primary">
          Retry what failed
        </button>
      </form>
    )}
    <a class="button" href={`/runs/${run.id}/mark`}>
      Mark…
    </a>
    {run.isActive && (
      <Confirm
        id="cancel-run"
        summary="Cancel…"
        question="The run stops where it is, within two seconds. What it already stored stays; it can be retried."
        action={`/runs/${run.id}/cancel`}
        button="Cancel this run"
      />
    )}
  </div>
);

export type TaskActionsView = {
  runId: number;
  taskId: number;
  isMapped: boolean;
  canRetry: boolean;
  canClear: boolean;
  canMark: boolean;
  isRunActive: boolean;
};

/** Retry, clear and mark of a task or batch. */
export const TaskActions = ({ task }: { task: TaskActionsView }) => {
  const path = `/runs/${task.runId}/tasks/${task.taskId}`;
  const what = task.isMapped ? "batch" : "task";
  return (
    <div class="page-actions">
      {task.canRetry && (
        <form method="post" action={`${path}/retry`}>
          <button type="submit" class="button primary">
            Retry this {what}
          </button>
        </form>
      )}
      {task.canClear && (
        <Confirm
          id="clear-task"
          summary="Clear from here…"
          question={`This ${what} runs again, and so does every task after it. Their tries and logs are kept; what they had answered is replaced. A last task that succeeds again records its event again.`}
          action={`${path}/clear`}
          button="Clear and run again"
        />
      )}
      {task.canMark && (
        <a class="button" href={`${path}/mark`}>
          Mark…
        </a>
      )}
      {task.isRunActive && (
        <Confirm
          id="cancel-run"
          summary="Cancel the run…"
          question="The whole run stops where it is, within two seconds. What it already stored stays; it can be retried."
          action={`/runs/${task.runId}/cancel`}
          button="Cancel the run"
        />
      )}
    </div>
  );
};
