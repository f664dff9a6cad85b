/**
 * Agents that do what a script says: real processes for the tests of adapters, planes and hosts.
 *
 * @packageDocumentation
 */
export {
  type AgentCommand,
  type ModelAgentOptions,
  type PiAgentOptions,
  modelAgent,
  piAgent,
  plainAgent,
} from './argv.ts';
export type { PiDialog, PiRule, PiScript, PiSpoil, PiStartup, PiStep, PiTool, PiVersion } from './pi-script.ts';
export type { ChildStep, PlainScript, PlainStep } from './plain-script.ts';
