import { defineConfig } from 'vitest/config';
import { shared } from '../../scripts/vitest/settings.ts';

const conditions = ['@runtime/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...shared,
    include: ['test/**/*.test.ts'],
    maxConcurrency: 4,
  },
});
