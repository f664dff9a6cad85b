import { program } from '../../../../tsup.program.ts';

/** The programs that tests start, from sources. Nothing can be resolved from where they lie. */
export default program({ main: 'src/main.ts', 'memory-main': 'test/support/memory-main.ts' });
