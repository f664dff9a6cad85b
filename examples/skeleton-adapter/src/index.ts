export { parrot } from './parrot-adapter.ts';
export type { ParrotOptions } from './options.ts';
