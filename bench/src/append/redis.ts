import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { NotThere, type Contender } from '../harness/contender.ts';
import { find, startServer, stopServer, untilItAnswers } from './servers.ts';
import type { Item } from './sqlite-table.ts';
import { GroupCommit, runWriters } from './writers.ts';

/** A Redis stream, append-only file with fsync always, one pipeline per group over its unix socket. */
export default async function redis(dir: string): Promise<Contender> {
  const program = await find('redis-server');
  if (!program) throw new NotThere('no redis-server on PATH');
  const path = join(dir, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', path, '--dir', dir, '--save', ''];
  const server = startServer(program, [...settings, '--appendonly', 'yes', '--appendfsync', 'always'], {});
  const socket = await untilItAnswers(async () => {
    const fresh = connect(path);
    await once(fresh, 'connect');
    return fresh;
  });
  const replies = new Replies(socket);
  const group = new GroupCommit<Item>((items) => {
    const commands = items.map(({ stream, event }) => command('XADD', stream, '*', 'data', JSON.stringify(event)));
    socket.write(commands.join(''));
    return replies.next(items.length);
  });
  return {
    run: ({ writers = 1, milliseconds = 0 }) =>
      runWriters(writers, milliseconds, (writer, event) => group.append({ stream: `task/w${writer}`, event })),
    close: async () => {
      socket.destroy();
      await stopServer(server, 'SIGTERM');
    },
  };
}

function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

/** Counts the answers to XADD: an id (`$n`, then the id) each, or an error. */
class Replies {
  #text = '';
  #missing = 0;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', (error) => this.#reject(error));
  }

  next(count: number): Promise<void> {
    this.#missing = count;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  #take(text: string): void {
    this.#text += text;
    const lines = this.#text.split('\r\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('-')) this.#reject(new Error(`redis: ${line}`));
      else if (!line.startsWith('$')) this.#missing -= 1;
    }
    if (this.#missing === 0) this.#resolve();
  }
}
