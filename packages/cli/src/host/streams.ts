import { exitCodes } from '../exit-codes.ts';
import type { CliDependencies, TextSink } from './dependencies.ts';

/** The streams of this process. */
export interface ProcessStreams extends Pick<CliDependencies, 'stdin' | 'stdout' | 'stderr'> {
  /**
   * Aborts when stdout takes no more: its reader closed it, as `head` does, or, which also makes the command fail, its
   * result is lost.
   */
  readonly broken: AbortSignal;
  /** Whether what should be on stdout could not be written. */
  readonly isLost: () => boolean;
}

/**
 * The streams of this process. Each is opened, and listened to for errors, when it is first used: to look at one of them
 * is enough for Node to open it. A note that cannot be written to stderr is lost, and changes nothing.
 */
export function processStreams(): ProcessStreams {
  const broken = new AbortController();
  let lost = false;
  const stderr = opened(() => process.stderr.on('error', () => {}));
  const stdout = opened(() =>
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED' && !lost) {
        lost = true;
        stderr().write(`error cannot write to stdout: ${error.message}\n`);
        // The command may have set it before.
        process.exitCode = exitCodes.failed;
      }
      broken.abort(new DOMException('nothing more can be written to stdout', 'AbortError'));
    }),
  );
  return {
    stdin: {
      get isTTY() {
        return process.stdin.isTTY;
      },
      [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator](),
    },
    stdout: sinkOf(stdout),
    stderr: sinkOf(stderr),
    broken: broken.signal,
    isLost: () => lost,
  };
}

function opened(open: () => NodeJS.WriteStream): () => NodeJS.WriteStream {
  let stream: NodeJS.WriteStream | undefined;
  return () => (stream ??= open());
}

const sinkOf = (stream: () => NodeJS.WriteStream): TextSink => ({
  get isTTY() {
    return stream().isTTY;
  },
  get columns() {
    return stream().columns;
  },
  write: (text) => stream().write(text),
  once: (event, listener) => stream().once(event, listener),
  off: (event, listener) => stream().off(event, listener),
});
