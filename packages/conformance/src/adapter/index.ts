/**
 * The suite that every runtime adapter passes: the contract as requirements, each with the words it enforces,
 * proven against real processes and branching on what the adapter declares. Needs vitest.
 *
 * @packageDocumentation
 */
export { adapterConformance, proveRequirement } from './adapter-conformance.ts';
export type { AdapterHarness, AdapterSetup, AgentWitness, ConformanceOptions, HarnessContext } from './harness.ts';
export { makeHandle, makeInstruction, makeLaunch } from './handles.ts';
export { requirements } from './requirements.ts';
export type { Requirement, RequirementId } from './requirements.ts';
export { hugeChars, scenarios, secretVariable, unicodeText } from './scenarios.ts';
export type { ScenarioName } from './scenarios.ts';
export { spoken } from './tape.ts';
export { NotApplicable } from './not-applicable.ts';
