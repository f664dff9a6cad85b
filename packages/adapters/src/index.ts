/**
 * Makes the adapters of runtimes that are defined as data, as in a configuration file: the schema of an entry, and a
 * factory for each kind. The package of an adapter is loaded when one of its kind is made.
 *
 * @packageDocumentation
 */
export { createAdapter, createAdapters, loadAdapters } from './create-adapters.ts';
export { definitionsOf } from './definitions.ts';
export { runtimeEntrySchema, runtimesSchema } from './runtime-entry.ts';
export type { RuntimeEntry, Runtimes } from './runtime-entry.ts';
