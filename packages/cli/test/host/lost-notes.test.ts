import { existsSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { ProcessLab } from '../support/process-lab.ts';

vi.setConfig({ testTimeout: 60_000 });

const open = () => ProcessLab.open('memory-main');

describe.skipIf(!existsSync('/dev/full'))('where what is written cannot be kept', () => {
  it('a note is lost, and the exit code is that of the command', async () => {
    await using lab = await open();
    const { stdout } = await lab.shell(`
      "\${runtime[@]}" run x >/dev/null 2>/dev/full; echo "run $?"
      "\${runtime[@]}" wait last 2>/dev/full; echo "wait $?"
      "\${runtime[@]}" cancel nope 2>/dev/full; echo "cancel $?"
      "\${runtime[@]}" status nope 2>/dev/full; echo "status $?"
      "\${runtime[@]}" list --statsu 2>/dev/full; echo "list $?"`);
    expect(stdout.split('\n').filter((line) => /^\w+ \d+$/.test(line))).toEqual([
      'run 0',
      'wait 0',
      'cancel 3',
      'status 3',
      'list 2',
    ]);
  });

  it('a result is not, and the command fails and says so', async () => {
    await using lab = await open();
    const { stdout, stderr } = await lab.shell(`
      "\${runtime[@]}" list >/dev/full; echo "list $?"
      "\${runtime[@]}" run x >/dev/full; echo "run $?"`);
    expect(stdout).toBe('list 1\nrun 1\n');
    expect(stderr.match(/error cannot write to stdout: .*ENOSPC/g)).toHaveLength(2);
  });

  it('an owner goes on: its log is for people', async () => {
    await using lab = await open();
    const { stdout } = await lab.shell(`
      "\${runtime[@]}" serve >/dev/full 2>/dev/full & serving=$!
      until [ -s "$RUNTIME_DATA_DIR/owner.json" ] || ! kill -0 $serving; do sleep 0.1; done
      "\${runtime[@]}" run x -q
      kill -0 $serving && echo "still there"
      kill $serving; wait $serving`);
    expect(stdout).toBe('did x\nstill there\n');
  });
});
