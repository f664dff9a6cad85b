import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/process/index.ts', 'src/run/index.ts', 'src/source/index.ts', 'src/terminal/index.ts'],
  format: 'esm',
  target: 'node22',
  dts: false,
  sourcemap: true,
  clean: true,
});
