import { library } from '../../../../tsup.base.ts';

/** The programs that tests start, from sources. Everything is in them: nothing can be resolved from where they lie. */
export default library([], {
  entry: {
    main: 'src/main.ts',
    'memory-main': 'test/support/memory-main.ts',
    'untouched-main': 'test/support/untouched-main.ts',
  },
  noExternal: [/./],
  banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
  esbuildOptions: (options) => {
    options.conditions = ['@runtime/source'];
  },
});
