import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import * as contracts from '../src/index.ts';

describe('the package', () => {
  it('exports these values and no others', () => {
    expect(Object.keys(contracts).toSorted()).toEqual([
      'AgentRuntimeError',
      'approvalKindSchema',
      'approvalPolicySchema',
      'artifactNameSchema',
      'artifactRefSchema',
      'backendIdSchema',
      'capabilitiesSchema',
      'choiceSchema',
      'classifyMessage',
      'currentRun',
      'decisionSchema',
      'deltaTypes',
      'environmentSpecSchema',
      'errorCodeSchema',
      'errorDataSchema',
      'eventRules',
      'exitSchema',
      'foldTask',
      'forbids',
      'formatArtifactUri',
      'formatCursor',
      'idSchema',
      'instructionLevelSchema',
      'instructionModeSchema',
      'instructionSchema',
      'instructionText',
      'isKeptOpen',
      'isResting',
      'lifeSignalSchema',
      'lostCapabilities',
      'maxEventTextChars',
      'maxInstructionChars',
      'needsSchema',
      'openApprovals',
      'outcomeCodeSchema',
      'parseArtifactUri',
      'parseCursor',
      'partSchema',
      'partsSchema',
      'planeEventSchemas',
      'planeStream',
      'planeTaskEventSchemas',
      'policyAction',
      'policyActionSchema',
      'policyAsks',
      'policyRuleSchema',
      'resolutionSchema',
      'resumeCapabilitySchema',
      'retryAdviceSchema',
      'retryPolicySchema',
      'runMarker',
      'runModeSchema',
      'runOutcomeSchema',
      'runStatusSchema',
      'runtimeEventSchemas',
      'runtimeHandleSchema',
      'runtimeIdSchema',
      'runtimeStream',
      'sessionEventSchemas',
      'specVersion',
      'steerCapabilitySchema',
      'stopCauseSchema',
      'submitRequestSchema',
      'targetSchema',
      'taskEventSchemas',
      'taskFoldVersion',
      'taskIdOf',
      'taskSpecSchema',
      'taskStatus',
      'taskStatusSchema',
      'taskStream',
      'taskView',
      'taskViewSchema',
      'terminalStatusSchema',
      'throwIfAborted',
      'unfinishedInstructions',
      'unmetNeeds',
      'usageSchema',
      'waitingOnSchema',
    ]);
  });

  it('imports zod and its own files, and nothing of Node', async () => {
    const root = new URL('../src/', import.meta.url);
    const files = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const source = await readFile(new URL(file, root), 'utf8');
      const imported = [...source.matchAll(/^(?:import|export|\}) .*from '([^']+)'/gm)].map(([, name]) => name ?? '');
      for (const name of imported) expect(name, file).toMatch(/^(zod|\.{1,2}\/[\w./-]+\.ts)$/);
    }
  });

  it('names events as nouns with participles, and increments as deltas', () => {
    const types = Object.keys({
      ...contracts.taskEventSchemas,
      ...contracts.planeEventSchemas,
      ...contracts.runtimeEventSchemas,
    });
    for (const type of types) expect(type).toMatch(/^[a-z]+\.(delta|[a-zA-Z]+(ed|ing|wn|nown)|gap)$/);
    expect([...contracts.deltaTypes]).toEqual(types.filter((type) => type.endsWith('.delta')).toSorted(byAppearance));
  });
});

const order = ['text.delta', 'reasoning.delta', 'output.delta', 'tool.delta'];
const byAppearance = (a: string, b: string): number => order.indexOf(a) - order.indexOf(b);
