import { stat } from 'node:fs/promises';
import { openRegular, readExitRecord } from '@runtime/adapter-kit/run';
import { systemCode } from '@runtime/contracts';
import { tmuxRunFiles } from '../run-files.ts';
import { agentPane, callTmux, type TmuxPlace } from '../server/tmux-client.ts';

const modeSwitch = /\u001b\[\?(?:\d+;)*2004(?:;\d+)*([hl])/g; // oxlint-disable-line no-control-regex
const chunkBytes = 256 * 1024;
const longestSwitch = 64;

/** What can be seen of a run's terminal while it is typed into. */
export class Screen {
  readonly #place: TmuxPlace;
  #scanned = 0;
  #carry = '';
  #bracketed = false;

  constructor(place: TmuxPlace) {
    this.#place = place;
  }

  /** The agent has recorded its end. */
  async hasEnded(): Promise<boolean> {
    return (await readExitRecord(this.#place.runDir)) !== undefined;
  }

  /** Bytes that the agent has written so far. */
  async written(): Promise<number> {
    try {
      return (await stat(tmuxRunFiles(this.#place.runDir).recording)).size;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return 0;
      throw error;
    }
  }

  /** The agent asked for bracketed paste last: it reads the terminal raw, and what is echoed is its own doing. */
  async isBracketed(): Promise<boolean> {
    if ((await this.written()) === this.#scanned) return this.#bracketed;
    const handle = await openRegular(tmuxRunFiles(this.#place.runDir).recording);
    if (!handle) return this.#bracketed;
    try {
      const buffer = Buffer.alloc(chunkBytes);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, chunkBytes, this.#scanned);
        if (bytesRead === 0) return this.#bracketed;
        this.#scanned += bytesRead;
        const text = this.#carry + buffer.toString('latin1', 0, bytesRead);
        for (const [, direction] of text.matchAll(modeSwitch)) this.#bracketed = direction === 'h';
        this.#carry = text.slice(-longestSwitch);
      }
    } finally {
      await handle.close();
    }
  }

  /** The visible lines, and the one the cursor is in. */
  async look(): Promise<{ readonly lines: readonly string[]; readonly cursorLine: string }> {
    const output = await callTmux(this.#place, [
      ['display-message', '-p', '-t', agentPane, '#{cursor_y}'],
      ['capture-pane', '-p', '-t', agentPane],
    ]);
    const [row = '', ...lines] = output.split('\n');
    return { lines, cursorLine: lines[Number(row)] ?? '' };
  }
}
