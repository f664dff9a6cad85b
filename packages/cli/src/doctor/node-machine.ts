import { execFile } from 'node:child_process';
import { stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { currentPlacement } from '@runtime/adapter-kit/run';
import { credentialNames } from '../owner/environment.ts';
import type { DirectoryFacts, FileSystemFacts, Machine } from './machine.ts';

/** The machine this process runs on. */
export function nodeMachine(): Machine {
  return {
    platform: process.platform,
    nodeVersion: process.version,
    firstLine,
    fileSystem,
    directory,
    placement: currentPlacement,
    credentialNames,
  };
}

function firstLine(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((done) => {
    execFile(command, [...args], { timeout: 5000, maxBuffer: 1024 * 1024 }, (error, stdout) => {
      done(error ? undefined : stdout.split('\n')[0]?.trim());
    });
  });
}

async function fileSystem(path: string): Promise<FileSystemFacts | undefined> {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      const { type, bavail, bsize } = await statfs(at);
      return { type, freeBytes: bavail * bsize };
    } catch {
      // Not there yet: it will be made in the nearest directory that is.
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
