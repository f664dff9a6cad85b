/**
 * Schemas, interfaces, the event table and the pure folds that every package shares.
 * Depends on zod alone and imports nothing of Node.
 *
 * @packageDocumentation
 */
export { AgentRuntimeError, errorCodeSchema, errorDataSchema, retryAdviceSchema, throwIfAborted } from './errors.ts';
export type { AgentRuntimeErrorOptions, ErrorCode, ErrorData, RetryAdvice } from './errors.ts';
export type { CallOptions } from './call-options.ts';
export { backendIdSchema, idSchema, planeStream, runtimeIdSchema, runtimeStream, taskIdOf, taskStream } from './ids.ts';
export { exitSchema, runMarker, runtimeHandleSchema, specVersion } from './handle.ts';
export type { Exit, RuntimeHandle } from './handle.ts';
export {
  instructionLevelSchema,
  instructionModeSchema,
  instructionSchema,
  instructionText,
  maxInstructionChars,
  partSchema,
  partsSchema,
} from './instruction.ts';
export type { Instruction, InstructionLevel, InstructionMode, Part } from './instruction.ts';
export {
  capabilitiesSchema,
  lostCapabilities,
  needsSchema,
  resumeCapabilitySchema,
  steerCapabilitySchema,
  unmetNeeds,
} from './capabilities.ts';
export type { Needs, ResumeCapability, RuntimeCapabilities, SteerCapability } from './capabilities.ts';
export { classifyMessage, outcomeCodeSchema, runOutcomeSchema, terminalStatusSchema } from './outcome.ts';
export type { OutcomeCode, RunOutcome, TerminalStatus } from './outcome.ts';
export {
  approvalKindSchema,
  approvalPolicySchema,
  choiceSchema,
  decisionSchema,
  policyAction,
  policyActionSchema,
  policyAsks,
  policyRuleSchema,
  resolutionSchema,
} from './approval.ts';
export type {
  ApprovalKind,
  ApprovalPolicy,
  Choice,
  Decision,
  PolicyAction,
  PolicyRule,
  Resolution,
} from './approval.ts';
export {
  environmentSpecSchema,
  retryPolicySchema,
  submitRequestSchema,
  targetSchema,
  taskSpecSchema,
} from './task-spec.ts';
export type { EnvironmentSpec, RetryPolicy, SubmitRequest, Target, TaskSpec } from './task-spec.ts';
export { artifactNameSchema, artifactRefSchema, formatArtifactUri, parseArtifactUri } from './artifact.ts';
export type { ArtifactRef, ArtifactUri } from './artifact.ts';
export { deltaTypes, maxEventTextChars, sessionEventSchemas, usageSchema } from './events/session-events.ts';
export type { SessionEvent, SessionEventType, Usage } from './events/session-events.ts';
export {
  lifeSignalSchema,
  planeTaskEventSchemas,
  runModeSchema,
  stopCauseSchema,
  taskEventSchemas,
  waitingOnSchema,
} from './events/task-events.ts';
export type { RunMode, RunScoped, StopCause, TaskEvent, TaskEventOf, TaskEventType } from './events/task-events.ts';
export { planeEventSchemas, runtimeEventSchemas } from './events/plane-events.ts';
export type { PlaneEvent, RuntimeEvent } from './events/plane-events.ts';
export type { EventFamily } from './event-family.ts';
export { formatCursor, parseCursor } from './cursor.ts';
export type { CursorParts } from './cursor.ts';
export type {
  Acknowledgement,
  AppendOptions,
  AppendResult,
  EventEnvelope,
  EventLog,
  NewEvent,
  ReadOptions,
  Snapshot,
  StoredEvent,
} from './event-log.ts';
export type {
  AgentRuntime,
  Launch,
  RecoverOptions,
  Recovery,
  RuntimeAdapter,
  RuntimeSession,
  SourceBatch,
  SourceCursor,
  Unavailable,
} from './adapter.ts';
export type {
  ActOptions,
  ControlPlane,
  CursoredEvent,
  EventsOptions,
  ListOptions,
  PlaneEvents,
  PlaneInfo,
  Receipt,
  RuntimeReport,
  SendOptions,
  TaskHandle,
  TaskStreamEvent,
} from './control-plane.ts';
export { runStatusSchema, taskStatusSchema, taskViewSchema } from './task-view.ts';
export type { RunStatus, TaskStatus, TaskView } from './task-view.ts';
export { taskStatus, taskView } from './view.ts';
export { foldTask, taskFoldVersion } from './fold.ts';
export { eventRules, forbids } from './event-rules.ts';
export type { EventRule, Guard } from './event-rules.ts';
export { currentRun, isKeptOpen, isResting, openApprovals, unfinishedInstructions } from './task-state.ts';
export type { ApprovalState, InstructionState, NextAttempt, RunState, TaskState, TurnState } from './task-state.ts';
export type { QueuedTask, RunningTask, ScheduleState, Scheduler } from './scheduler.ts';
