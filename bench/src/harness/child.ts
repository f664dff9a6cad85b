import { NotThere, type Contender, type OpenContender, type Params } from './contender.ts';

// The process of one contender: opens it, then runs it whenever the parent says so, and ends with the parent.
const [, , module = '', dir = ''] = process.argv;

const send = (message: object): void => {
  process.send?.(message);
};

let contender: Contender | undefined;
process.on('disconnect', () => void leave());

try {
  const { default: open } = (await import(module)) as { default: OpenContender };
  const opened = await open(dir);
  contender = opened;
  process.on('message', (params: Params) => void answer(opened, params));
  send({ ready: true });
} catch (error) {
  if (error instanceof NotThere) send({ notThere: error.message });
  else send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.disconnect();
}

async function answer(contender: Contender, params: Params): Promise<void> {
  try {
    send({ sample: await contender.run(params) });
  } catch (error) {
    send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

/** Also while it is still being opened: what it has started by then ends with the process. */
async function leave(): Promise<void> {
  await contender?.close?.();
  process.exit();
}
