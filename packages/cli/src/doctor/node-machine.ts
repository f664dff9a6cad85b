import { stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ProgramOptions } from '@runtime/adapter-kit/process';
import { credentialNames } from './credential-names.ts';
import type { DirectoryFacts, FileSystemFacts, Machine } from './machine.ts';

/** The machine that this process runs on. A program that does not answer within `maxAnswerMs` counts as missing. */
export function nodeMachine(maxAnswerMs = 5000): Machine {
  return {
    platform: process.platform,
    nodeVersion: process.version,
    firstLine: (command, args, { signal }) => firstLine(command, args, { timeoutMs: maxAnswerMs, signal }),
    fileSystem,
    directory,
    // Loaded for these questions only.
    placement: async (env) => (await import('@runtime/adapter-kit/run')).currentPlacement(env),
    piFiles: async (env) => (await import('@runtime/adapter-pi')).readPiFiles(env),
    credentialNames,
  };
}

async function firstLine(
  command: string,
  args: readonly string[],
  limits: Pick<ProgramOptions, 'timeoutMs' | 'signal'>,
): Promise<string | undefined> {
  const { runProgram } = await import('@runtime/adapter-kit/process');
  try {
    const { code, stdout } = await runProgram(command, args, { env: process.env, ...limits });
    return code === 0 ? stdout.split('\n')[0]?.trim() : undefined;
  } catch {
    // Whatever the reason, the program does not answer here.
    return undefined;
  }
}

async function fileSystem(path: string): Promise<FileSystemFacts | undefined> {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      const { type, bavail, bsize } = await statfs(at);
      return { type, freeBytes: bavail * bsize };
    } catch {
      // It does not exist yet and will be made below the nearest directory that does.
      if (dirname(at) === at) return undefined;
    }
  }
}

async function directory(path: string): Promise<DirectoryFacts | undefined> {
  try {
    const found = await stat(path);
    return { mode: found.mode, uid: found.uid, ownUid: process.getuid?.(), isDirectory: found.isDirectory() };
  } catch {
    return undefined;
  }
}
