import { describe, expect, it } from 'vitest';
import { runShown, runStep } from '../progress.mjs';

class Screen {
  text = '';
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

const node = (script: string): string[] => [process.execPath, '-e', script];
const options = (stream: Screen) => ({
  cwd: process.cwd(),
  env: { ...process.env, TERM: 'xterm' },
  shell: false,
  stream,
});

describe('a step that takes a while', () => {
  it('says what it does and, at the end, how long it took; what it wrote is left out', async () => {
    const stream = new Screen(false);
    const { code, stdout } = await runShown(
      { title: 'Installing', commands: [node('console.log("noise")')] },
      options(stream),
    );
    expect([code, stdout.trim()]).toEqual([0, 'noise']);
    expect(stream.text).toMatch(/^Installing \.\.\.\nInstalling: done in \d+ s\n$/);
  });

  it('shows the time while it lasts: again and again on one line of a terminal, on lines elsewhere', async () => {
    const waiting = node('setTimeout(() => {}, 400)');
    const terminal = new Screen(true);
    await runStep({ title: 'Installing', commands: [waiting] }, { ...options(terminal), everyMs: 20 });
    expect(terminal.text.split('\r\u001b[KInstalling: ').length).toBeGreaterThan(3);
    const pipe = new Screen(false);
    await runStep({ title: 'Installing', commands: [waiting] }, { ...options(pipe), everyMs: 20 });
    expect(pipe.text.split('\n').length).toBeGreaterThan(3);
    expect(pipe.text).not.toContain('\r');
  });

  it('shows what a command wrote when it fails, and returns its exit code', async () => {
    const stream = new Screen(false);
    const failing = node('console.error("no space left"); process.exitCode = 7');
    expect(await runStep({ title: 'Installing', commands: [node(''), failing] }, options(stream))).toBe(7);
    expect(stream.text).toMatch(/Installing: failed after \d+ s\nno space left\n$/);
  });

  it('says which program is missing', async () => {
    const stream = new Screen(false);
    expect(await runStep({ title: 'Installing', commands: [['/no/such/program']] }, options(stream))).toBe(127);
    expect(stream.text).toContain('/no/such/program could not be started');
  });
});
