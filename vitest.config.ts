import { defineConfig } from 'vitest/config';
import { shared } from './scripts/vitest/settings.ts';

const conditions = ['@runtime/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...shared,
    globalSetup: [...shared.globalSetup, './scripts/vitest/cli-programs.ts'],
    include: ['{packages,examples}/*/test/**/*.test.ts', 'scripts/test/**/*.test.ts'],
    reporters: ['default', './scripts/tally-reporter.mjs'],
    // Most tests wait for processes: a core left free, as is the default, would be half of a small machine.
    maxWorkers: '100%',
    // Files share the processes of the workers: one for each of 250 files would load every module anew.
    isolate: false,
    typecheck: { enabled: true, include: ['packages/*/test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
  },
});
