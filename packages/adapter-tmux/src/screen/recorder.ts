import { isAlive, type ProcessIdentity } from '@runtime/adapter-kit/process';
import { readTail } from '@runtime/adapter-kit/run';
import { AgentRuntimeError } from '@runtime/contracts';
import { readTmuxHolder, tmuxRunFiles } from '../run-files.ts';

const maxLineBytes = 4096;

/** The process that records the terminal; undefined when it is gone or has not begun. */
export async function readRecorder(runDir: string): Promise<ProcessIdentity | undefined> {
  const holder = await readTmuxHolder(runDir);
  const found = parseRecorder(await readRecorderLine(runDir));
  // It is of the server's boot, as everything of the run.
  const recorder = holder && found && { ...found, bootId: holder.server.bootId };
  return recorder && (await isAlive(recorder)) ? recorder : undefined;
}

async function readRecorderLine(runDir: string): Promise<string> {
  try {
    return (await readTail(tmuxRunFiles(runDir).recorderPid, maxLineBytes)).toString('latin1').trim();
  } catch (error) {
    // What the agent has put there instead names nobody.
    if (AgentRuntimeError.from(error).code === 'INVALID_ARGUMENT') return '';
    throw error;
  }
}

/** What the recorder wrote of itself: `pid (name) state …` of /proc, or `pid start time` of ps. */
function parseRecorder(line: string): Omit<ProcessIdentity, 'bootId'> | undefined {
  const [first = '', ...rest] = line.split(/\s+/);
  const startTime = line.includes(')') ? line.slice(line.lastIndexOf(')') + 2).split(' ')[19] : rest.join(' ');
  return /^\d{1,10}$/.test(first) && startTime ? { pid: Number(first), startTime } : undefined;
}
