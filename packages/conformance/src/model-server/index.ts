/**
 * A scripted model behind the OpenAI chat-completions API, for demonstrations and tests: no network, no key, no cost.
 *
 * @packageDocumentation
 */
export { type FileScenarioOptions, writeFileScenario } from './file-scenario.ts';
export type { Ending } from './play.ts';
export { type RuleInput, type Scenario, type ScenarioInput, parseScenario } from './scenario.ts';
export { type ModelServer, type ModelServerOptions, type RecordedRequest, startModelServer } from './server.ts';
export type { RequestBody } from './conversation.ts';
