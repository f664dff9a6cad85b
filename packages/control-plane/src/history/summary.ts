import type { TaskStatus, TaskView } from '@runtime/contracts';

/** What is wanted of tasks; without a field, whatever it is. */
export interface Wanted {
  readonly status?: readonly TaskStatus[] | undefined;
  /** A part of the id. */
  readonly idPart?: string | undefined;
  readonly workspace?: string | undefined;
  /** All of them. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** What can be found among some tasks: a question that it answers with no needs no look at them. */
export interface Summary {
  /** One in a line. */
  readonly ids: string;
  readonly statuses: readonly TaskStatus[];
  readonly workspaces: readonly string[];
  /** As JSON, one in a line, with line feeds around. */
  readonly labels: string;
}

const labelLines = (labels: Readonly<Record<string, string>> = {}): string[] =>
  Object.entries(labels).map((label) => `${JSON.stringify(label)}\n`);

export function summaryOf(tasks: readonly TaskView[]): Summary {
  return {
    ids: tasks.map(({ id }) => id).join('\n'),
    statuses: [...new Set(tasks.map(({ status }) => status))],
    workspaces: [...new Set(tasks.map(({ workspace }) => workspace))],
    labels: `\n${[...new Set(tasks.flatMap(({ labels }) => labelLines(labels)))].join('')}`,
  };
}

/** Whether one of the tasks may be wanted. */
export const mayHold = (summary: Summary, { status, idPart, workspace, labels }: Wanted): boolean =>
  (status === undefined || status.some((each) => summary.statuses.includes(each))) &&
  (idPart === undefined || summary.ids.includes(idPart)) &&
  (workspace === undefined || summary.workspaces.includes(workspace)) &&
  labelLines(labels).every((line) => summary.labels.includes(`\n${line}`));

/** Whether this task is wanted. */
export function isWanted(view: TaskView, { status, idPart, workspace, labels = {} }: Wanted): boolean {
  return (
    (status === undefined || status.includes(view.status)) &&
    (idPart === undefined || view.id.includes(idPart)) &&
    (workspace === undefined || view.workspace === workspace) &&
    Object.entries(labels).every(
      ([name, value]) => Object.hasOwn(view.labels ?? {}, name) && view.labels?.[name] === value,
    )
  );
}
