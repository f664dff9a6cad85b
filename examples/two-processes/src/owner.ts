/** The first process: owns the data directory, serves its socket, starts a task and stays until the task ended. `owner.ts <dataDir>` */
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { openControlPlane } from '@runtime/control-plane';

const [dataDir = '.runtime'] = process.argv.slice(2);
const agent = memoryRuntime({
  // Works until somebody says something, then does as it is told.
  script: function* ({ history }) {
    yield { do: 'say', text: 'Which colour? I wait for you.' };
    yield { do: 'listen' };
    yield { do: 'think', text: 'Somebody spoke.' };
    yield { do: 'say', text: `Painted it: ${history.findLast(({ from }) => from === 'user')?.text}` };
  },
});
const plane = await openControlPlane({ dataDir, adapters: [agent], listen: true });
try {
  const task = await plane.submit({ prompt: 'Paint the shed' });
  console.log(task.id);
  await task.outcome();
} finally {
  await plane.close();
}
