import { readFile } from 'node:fs/promises';
import { isAlive, type ProcessIdentity } from '@runtime/adapter-kit/process';
import { systemCode } from '@runtime/contracts';
import { readTmuxHolder, tmuxRunFiles } from '../run-files.ts';

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
    return (await readFile(tmuxRunFiles(runDir).recorderPid, 'latin1')).trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}

/** What the recorder wrote of itself: `pid (name) state …` of /proc, or `pid start time` of ps. */
function parseRecorder(line: string): Omit<ProcessIdentity, 'bootId'> | undefined {
  const [first = '', ...rest] = line.split(/\s+/);
  const startTime = line.includes(')') ? line.slice(line.lastIndexOf(')') + 2).split(' ')[19] : rest.join(' ');
  return /^\d{1,10}$/.test(first) && startTime ? { pid: Number(first), startTime } : undefined;
}
