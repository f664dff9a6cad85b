import { defineConfig } from 'vitest/config';
import { shared } from '../../scripts/vitest/settings.ts';

// Against the packages as they are built and published: no source condition here.
export default defineConfig({
  test: {
    ...shared,
    include: ['test/**/*.test.ts'],
    maxWorkers: 2,
    maxConcurrency: 2,
  },
});
