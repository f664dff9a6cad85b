/**
 * The `runtime` command line: run, steer, watch and recover tasks on agent runtimes.
 * Every command is a client of one owner per data directory, and starts it where none lives.
 * A host mounts the same commands in its own program: `registerCommands(parent, nodeDependencies())`.
 *
 * @packageDocumentation
 */
export { createProgram, registerCommands } from './program.ts';
export { runCli } from './run-cli.ts';
export { nodeDependencies } from './host/node-dependencies.ts';
export type {
  CliDependencies,
  LogReport,
  OpenPlaneOptions,
  Planes,
  StartingOwner,
  StartOwnerOptions,
  TextSink,
} from './host/dependencies.ts';
export type { DirectoryFacts, FileSystemFacts, Machine, PlacementFacts } from './doctor/machine.ts';
export { exitCodes } from './exit-codes.ts';
export { createAdapters } from './config/adapters.ts';
export { configJsonSchema } from './config/json-schema.ts';
export { loadConfig } from './config/load.ts';
export type { LoadConfigOptions, LoadedConfig } from './config/load.ts';
export { runtimeConfigSchema } from './config/schema.ts';
export type { RuntimeConfig, RuntimeEntry } from './config/schema.ts';
export { parseDuration } from './arguments/duration.ts';
export { createSanitizer, sanitize, sanitizeLine } from './sanitize.ts';
export type { StreamSanitizer } from './sanitize.ts';
