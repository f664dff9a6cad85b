import { defineConfig } from 'tsup';

export default defineConfig({
  entry: [
    'src/adapter/index.ts',
    'src/adapter/starter.ts',
    'src/event-log/index.ts',
    'src/memory-runtime/index.ts',
    'src/model-server/index.ts',
    'src/model-server/main.ts',
    'src/scripted-agent/index.ts',
    'src/scripted-agent/model-agent.ts',
    'src/scripted-agent/pi-agent/main.ts',
    'src/scripted-agent/plain-agent.ts',
  ],
  format: 'esm',
  target: 'node22',
  dts: false,
  // Agents and starters are found beside the module that starts them: nothing may move to a shared chunk.
  splitting: false,
  sourcemap: true,
  clean: true,
});
