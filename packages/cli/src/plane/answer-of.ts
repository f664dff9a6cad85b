import type { Artifact, CallOptions, ControlPlane } from '@runtime/contracts';

/**
 * What a task's last run came to: the whole text of its agent's last message; of a runtime without messages what the
 * last run wrote to stdout. Empty for a task that said nothing.
 */
export async function* answerOf(
  plane: ControlPlane,
  taskId: string,
  options: CallOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const task = plane.task(taskId);
  let last: Artifact | undefined;
  for await (const artifact of task.artifacts(options)) if (artifact.origin === 'message') last = artifact;
  if (last) {
    yield* last.body(options);
    return;
  }
  const { runs } = await task.status(options);
  const runId = runs.at(-1)?.runId;
  for await (const event of task.events({ ...options, follow: false, types: ['output.delta'] })) {
    if (event.type === 'output.delta' && event.source === 'stdout' && event.runId === runId)
      yield Buffer.from(event.text);
  }
}
