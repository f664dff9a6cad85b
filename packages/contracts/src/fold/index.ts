/**
 * The event table as data, the judge over it, and the pure folds that make a task's state from its events.
 *
 * @packageDocumentation
 */
export { eventRules, forbids } from './event-rules.ts';
export type { EventRule, Guard } from './event-rules.ts';
export { foldTask, taskFoldVersion } from './fold-task.ts';
export {
  currentRun,
  isBeingChecked,
  isKeptOpen,
  isResting,
  maxWritten,
  openApprovals,
  openCheck,
  unfinishedInstructions,
} from './task-state.ts';
export type {
  ApprovalState,
  CheckState,
  InstructionState,
  NextAttempt,
  RunState,
  TaskState,
  TurnState,
  WorktreeState,
  WrittenFile,
} from './task-state.ts';
export { taskStatus, taskView } from './view.ts';
