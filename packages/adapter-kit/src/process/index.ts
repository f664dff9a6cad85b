/**
 * Processes that outlive us: identity that is proven before a signal, the marker that finds all processes of a run, and
 * the end of a whole tree.
 *
 * @packageDocumentation
 */
export {
  bootId,
  isAlive,
  isStopped,
  processIdentitySchema,
  readIdentity,
  seemsAlive,
  signalProcess,
} from './identity.ts';
export type { ProcessIdentity } from './identity.ts';
export { findCallingRun } from './calling-run.ts';
export { currentDirectory } from './current-directory.ts';
export { killTree } from './kill-tree.ts';
export type { KillTreeOptions } from './kill-tree.ts';
export { cgroupMount, isCgroup, leaveRunCgroup, removeCgroup } from './cgroup.ts';
export { findMarked } from './marked.ts';
export { ranMs } from './ran-ms.ts';
export { loadRunProgram, runProgram, streamProgram } from './run-program.ts';
export type { ProgramOptions, ProgramResult } from './run-program.ts';
export { platformSupport } from './platform.ts';
export type { PlatformSupport } from './platform.ts';
