import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestsIn, readAll, sha256Of } from '@runtime/conformance/artifact-store';
import { expect, test } from 'vitest';
import { openArtifactStore } from '../src/index.ts';

test('a process that is killed again and again while it stores and removes loses nothing that it acknowledged', async () => {
  const root = await mkdtemp(join(tmpdir(), 'artifacts-'));
  const dir = join(root, 'artifacts');
  const stored = new Set<string>();
  try {
    for (let round = 1; round <= 5; round += 1) {
      const script = fileURLToPath(new URL('./support/put-forever.ts', import.meta.url));
      const args = ['--conditions=@runtime/source', script, dir, String(round * 10_000)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk) => (output += String(chunk)));
      const closed = once(child, 'close');
      try {
        await expect
          .poll(() => output.split('\n').length, { interval: 5, timeout: 30_000 })
          .toBeGreaterThan(20 * round);
        await sleep(round * 3);
      } finally {
        child.kill('SIGKILL');
        await closed;
      }
      for (const line of output.split('\n').slice(0, -1)) {
        const [word, sha256 = ''] = line.split(' ');
        if (word === 'stored') stored.add(sha256);
        if (word === 'removing') stored.delete(sha256);
      }
      const store = await openArtifactStore({ dir });
      const found = new Set(await digestsIn(store));
      expect([...stored].filter((sha256) => !found.has(sha256))).toEqual([]);
      for (const sha256 of found) expect(sha256Of(await readAll(store, sha256))).toBe(sha256);
      await store.close();
    }
    expect(stored.size).toBeGreaterThan(100);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
