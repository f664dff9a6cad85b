import { isAlive, type ProcessIdentity } from '@runtime/adapter-kit/process';
import { readTail } from '@runtime/adapter-kit/run';
import { AgentRuntimeError } from '@runtime/contracts';
import { readTmuxHolder, tmuxRunFiles } from '../run-files.ts';

const maxBytes = 8192;

/** The process that records the terminal; undefined when it is gone or has not begun. */
export async function readRecorder(runDir: string): Promise<ProcessIdentity | undefined> {
  const [line = ''] = await readRecorderLines(runDir);
  return livingOf(runDir, line);
}

/** That process, and the shell that waits for it; those that are there. */
export async function readRecorders(runDir: string): Promise<ProcessIdentity[]> {
  const lines = await readRecorderLines(runDir);
  const found = await Promise.all(lines.map((line) => livingOf(runDir, line)));
  return found.filter((each) => each !== undefined);
}

async function livingOf(runDir: string, line: string): Promise<ProcessIdentity | undefined> {
  const holder = await readTmuxHolder(runDir);
  const found = parseRecorder(line);
  // It is of the server's boot, as everything of the run.
  const recorder = holder && found && { ...found, bootId: holder.server.bootId };
  return recorder && (await isAlive(recorder)) ? recorder : undefined;
}

async function readRecorderLines(runDir: string): Promise<string[]> {
  try {
    const text = (await readTail(tmuxRunFiles(runDir).recorderPid, maxBytes)).toString('latin1');
    return text.trim().split('\n').slice(0, 2);
  } catch (error) {
    // What the agent has put there instead names nobody.
    if (AgentRuntimeError.from(error).code === 'INVALID_ARGUMENT') return [];
    throw error;
  }
}

/** What the recorder wrote of a process: `pid (name) state …` of /proc, or `pid start time` of ps. */
function parseRecorder(line: string): Omit<ProcessIdentity, 'bootId'> | undefined {
  const [first = '', ...rest] = line.split(/\s+/);
  const startTime = line.includes(')') ? line.slice(line.lastIndexOf(')') + 2).split(' ')[19] : rest.join(' ');
  return /^\d{1,10}$/.test(first) && startTime ? { pid: Number(first), startTime } : undefined;
}
