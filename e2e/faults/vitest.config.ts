import { defineConfig } from 'vitest/config';

const conditions = ['@runtime/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    // Processes that are killed and taken over: slow machines may be slow.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxConcurrency: 4,
  },
});
