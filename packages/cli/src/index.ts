/**
 * The `runtime` command line: run, steer, watch and recover tasks on agent runtimes.
 * Every command is a client of the one process that owns the data directory.
 *
 * The exports are for hosts that offer the same commands in their own program, for instance `openclaw runtime …`:
 * `registerCommands(parent, nodeDependencies(), { commands: ['list', 'cancel'] })`. To control tasks from code, use `@runtime/control-plane`.
 *
 * @packageDocumentation
 */
export { createProgram } from './program.ts';
export { registerCommands } from './register-commands.ts';
export { runCli } from './run-cli.ts';
export { exitCodes } from './exit-codes.ts';
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
export type { CommandName, Mount } from './mount.ts';
export type { LoadedConfig } from './config/load.ts';
export type { RuntimeEntry } from '@runtime/adapters';
export type { RuntimeConfig } from './config/schema.ts';
export type { DirectoryFacts, FileSystemFacts, Machine, PlacementFacts } from './doctor/machine.ts';
