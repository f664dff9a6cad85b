/** The first process: owns the data directory, serves its socket, and runs one task. `owner.ts <dataDir>` */
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { openControlPlane } from '@runtime/control-plane';

const [dataDir = ''] = process.argv.slice(2);
const agent = memoryRuntime({
  // Asks, waits for a steer, and does what the steer says.
  script: function* ({ history }) {
    yield { do: 'say', text: 'Which colour?' };
    yield { do: 'listen' };
    yield { do: 'think', text: 'A steer came in.' };
    yield { do: 'say', text: `Painted it: ${history.findLast(({ from }) => from === 'user')?.text}` };
  },
});
const plane = await openControlPlane({ dataDir, adapters: [agent], listen: true });
try {
  const task = await plane.submit({ prompt: 'Paint the shed' });
  console.log(task.id);
  await task.outcome();
  // A service goes on. This one waits until nobody reads any more, and its input ends.
  for await (const _ of process.stdin);
} finally {
  await plane.close();
}
