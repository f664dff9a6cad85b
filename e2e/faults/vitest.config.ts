import { defineConfig } from 'vitest/config';
import { shared } from '../../scripts/vitest/settings.ts';

const conditions = ['@runtime/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...shared,
    include: ['test/**/*.test.ts'],
    // Most of a case is waiting for processes.
    maxWorkers: '100%',
    maxConcurrency: 4,
  },
});
