/**
 * What every package of the control plane shares: the host's interface, the vocabulary and its schemas, the events and
 * the one error class.
 * Authors of adapters import `./adapter` beside it, of logs `./log`, and of what judges and folds events `./fold`.
 * `./base` is the part of it that loads no schemas.
 * Depends on zod alone and imports nothing of Node.
 *
 * @packageDocumentation
 */
export { abortable, throwIfAborted } from './base/abort.ts';
export type { CallOptions } from './base/call-options.ts';
export { errorCodes } from './base/error-codes.ts';
export type { ErrorCode, RetryAdvice } from './base/error-codes.ts';
export { errorCodeSchema, errorDataSchema } from './base/error-data.ts';
export type { ErrorData } from './base/error-data.ts';
export { AgentRuntimeError, messageWithHint } from './base/errors.ts';
export type { AgentRuntimeErrorOptions } from './base/errors.ts';
export { backendIdSchema, idSchema, runtimeIdSchema } from './base/ids.ts';
export { jsonDepthExceeds, jsonMembersExceed } from './base/json-depth.ts';
export { systemCode } from './base/system-code.ts';
export type { JsonValue } from './base/json-value.ts';

export {
  approvalPolicySchema,
  decisionSchema,
  policyActionSchema,
  policyRuleSchema,
  resolutionSchema,
} from './vocabulary/approval.ts';
export type {
  ApprovalKind,
  ApprovalPolicy,
  Choice,
  Decision,
  PolicyAction,
  PolicyRule,
  Resolution,
} from './vocabulary/approval.ts';
export { artifactNameSchema, artifactRefSchema, formatArtifactUri, parseArtifactUri } from './vocabulary/artifact.ts';
export type { ArtifactOrigin, ArtifactRef, ArtifactUri, RefusalReason } from './vocabulary/artifact.ts';
export {
  capabilitiesSchema,
  lostCapabilities,
  needsSchema,
  steerCapabilitySchema,
  unmetNeeds,
} from './vocabulary/capabilities.ts';
export type { Needs, ResumeCapability, RuntimeCapabilities, SteerCapability } from './vocabulary/capabilities.ts';
export { instructionLevelSchema, instructionText, maxInstructionChars, partsSchema } from './vocabulary/instruction.ts';
export type { Instruction, InstructionLevel, InstructionMode, Part } from './vocabulary/instruction.ts';
export type { ModelInUse } from './vocabulary/model.ts';
export { outcomeCode, outcomeCodeSchema, runOutcomeSchema, terminalStatusSchema } from './vocabulary/outcome.ts';
export type { FailedOutcome, OutcomeCode, RunOutcome, TerminalStatus } from './vocabulary/outcome.ts';
export { callerEnvironmentSchema, environmentSpecSchema } from './vocabulary/environment.ts';
export type { EnvironmentSpec, RecordedEnvironment } from './vocabulary/environment.ts';
export { canonicalDefinition, runtimeDefinitionSchema } from './vocabulary/runtime-definition.ts';
export type { RecordedDefinition, RuntimeDefinition } from './vocabulary/runtime-definition.ts';
export type { SubmittedFrom } from './vocabulary/submitted-from.ts';
export { targetSchema } from './vocabulary/target.ts';
export type { GitWorkspace, PreservedWorktree, WorktreeOfTask } from './vocabulary/worktree.ts';
export { whyCheckFailed } from './vocabulary/check.ts';
export type { Check, CheckCause } from './vocabulary/check.ts';
export { globSchema } from './vocabulary/deliverable.ts';
export type { Deliverable } from './vocabulary/deliverable.ts';
export type { Target } from './vocabulary/target.ts';
export { maxTaskDepth, retryPolicySchema, submitRequestSchema, taskSpecSchema } from './vocabulary/task-spec.ts';
export type { RetryPolicy, SubmitRequest, TaskSpec } from './vocabulary/task-spec.ts';
export { usageSchema } from './vocabulary/usage.ts';
export type { Usage } from './vocabulary/usage.ts';

export { maxPrunedTasks, planeEventSchemas, runtimeEventSchemas } from './events/plane-events.ts';
export type { PlaneEvent, RuntimeEvent } from './events/plane-events.ts';
export { taskEventSchemas } from './events/task-events.ts';
export type { RunMode, RunScoped, StopCause, TaskEvent, TaskEventOf, TaskEventType } from './events/task-events.ts';

export { maxReportedTasks, removalReportSchema, retentionSchema, usualRetention } from './plane/removal.ts';
export type { RemovalReport, RemoveOptions, Retention } from './plane/removal.ts';
export { garbageReportSchema, maxPutBytes } from './plane/artifact.ts';
export type { Artifact, ArtifactSource, GarbageOptions, GarbageReport, PutArtifactOptions } from './plane/artifact.ts';
export type {
  ActOptions,
  LeaveOptions,
  ControlPlane,
  CursoredEvent,
  EventsOptions,
  WaitOptions,
  ListOptions,
  PlaneEvents,
  Receipt,
  RuntimesOptions,
  SendOptions,
  TaskHandle,
  TaskStreamEvent,
} from './plane/control-plane.ts';
export { planeInfoSchema } from './plane/plane-info.ts';
export type { PlaneInfo } from './plane/plane-info.ts';
export { runtimeReportSchema } from './plane/runtime-report.ts';
export type { RuntimeReport } from './plane/runtime-report.ts';
export type { QueuedTask, RunningTask, ScheduleState, Scheduler } from './plane/scheduler.ts';
export { taskStatusSchema, taskViewSchema } from './plane/task-view.ts';
export type { EndRequest, RunStatus, TaskStatus, TaskView } from './plane/task-view.ts';
export type { WaitingFor } from './plane/waiting-for.ts';
