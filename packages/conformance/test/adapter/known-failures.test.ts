import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const config = fileURLToPath(new URL('../support/known-failure.vitest.ts', import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

/** What vitest says of each test of the suite whose name holds `only`. */
async function report(only: string): Promise<Record<string, string>> {
  const dir = await mkdtemp(join(tmpdir(), 'known-failures-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const output = join(dir, 'report.json');
  const where = ['--config', config, '--root', dirname(config), '--reporter=json', `--outputFile=${output}`];
  const env = { ...process.env, VITEST: undefined, VITEST_WORKER_ID: undefined, VITEST_POOL_ID: undefined };
  // It ends with 1: one of its tests is meant to be red.
  await new Promise((resolve) => execFile(process.execPath, [vitest, 'run', ...where, '-t', only], { env }, resolve));
  const json: { testResults: { assertionResults: { fullName: string; status: string }[] }[] } = JSON.parse(
    await readFile(output, 'utf8'),
  );
  const tests = json.testResults.flatMap((file) => file.assertionResults).filter(({ status }) => status !== 'skipped');
  return Object.fromEntries(tests.map(({ fullName, status }) => [fullName.split(' keeps ')[0] ?? '', status]));
}

test('a known failure is green while it fails and red once it is repaired', async () => {
  expect(await report('probe.available')).toEqual({
    'a runtime that is as broken as is known': 'passed',
    'a runtime that was repaired': 'failed',
  });
});
