/** The second process: connects to the owner and steers its task. `steer.ts <dataDir> <task> <text>` */
import { connectControlPlane } from '@runtime/control-plane';

const [dataDir = '', taskId = '', text = ''] = process.argv.slice(2);
const plane = await connectControlPlane({ dataDir });
try {
  const task = plane.task(taskId);
  for await (const event of task.events()) if (event.type === 'turn.started') break;
  const receipt = await task.steer(text);
  await receipt.reached('observed');
  console.log(`the steer was ${await receipt.level()}`);
  for await (const event of task.events()) {
    if (event.type === 'message.completed') console.log(`agent: ${event.text}`);
    if (event.type === 'task.ended') console.log(`task: ${event.outcome.status}`);
  }
} finally {
  await plane.close();
}
