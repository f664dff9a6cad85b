/**
 * The quickstart: a task on real Pi, steered while it runs; the same task without Pi; then the command line on the same
 * data. It asserts everything that it shows, and exits with 1 when an assertion fails.
 *
 *   npm run quickstart               a scripted model, no network, no cost
 *   npm run quickstart -- --live     your own Pi and its provider
 *   npm run quickstart -- --clean    removes its directory at the end
 */
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { runCommandLine } from './command-line.ts';
import { runDegradedTask } from './degraded-task.ts';
import { assertNothingLeft } from './left-over.ts';
import { narrate } from './narrator.ts';
import { offerNextSteps } from './next-steps.ts';
import { openStage } from './stage.ts';
import { runSteeredTask } from './steered-task.ts';

const values = readArguments();
const startedAt = performance.now();
const stage = await openStage(values);
let failed = true;
let interrupted: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    interrupted = signal;
    // Agents outlive this process, so it has to cancel their tasks.
    void stage.cancelAll();
  });
}
try {
  const first = await runSteeredTask(stage);
  const second = await runDegradedTask(stage);
  await stage.closePlane();
  await runCommandLine(stage, [second, first]);
  const runs = await assertNothingLeft(stage);
  failed = false;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  narrate.title('Done');
  narrate.line(`2 tasks succeeded, no process of ${runs} runs is left, in ${seconds} s. All of it was checked.`);
  if (!values.clean) await offerNextSteps(stage, first, second);
} catch (error) {
  narrate.title(interrupted ? `Interrupted by ${interrupted}: the task was cancelled` : 'Failed');
  if (!interrupted) {
    narrate.line(error instanceof Error ? (error.stack ?? error.message) : String(error));
    narrate.line(`What it left is in ${stage.root}`);
  }
  process.exitCode = interrupted ? 128 + constants.signals[interrupted] : 1;
} finally {
  await stage.close({ keep: failed ? !interrupted : !values.clean });
}

function readArguments(): { readonly live: boolean; readonly clean: boolean } {
  const options = { live: { type: 'boolean', default: false }, clean: { type: 'boolean', default: false } } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? error.message : String(error)}\nusage: npm run quickstart -- [--live] [--clean]\n`,
    );
    return process.exit(2);
  }
}
