import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ApprovalPolicy } from '@runtime/contracts';
import { policyAction } from '@runtime/contracts/adapter';
import { array, assert, asyncProperty, constantFrom, json, option, record } from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { approvalExtension, policyText, toolDialogTitle } from '../../src/extension/approval-extension.ts';

interface Extension {
  default(pi: { on(event: string, handler: Handler): void }): void;
  actionFor(tool: string, inputJson: string): string;
}
type Handler = (event: object, context: object) => Promise<{ block: boolean; reason: string } | undefined>;

const dirs: string[] = [];
afterAll(async () => {
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

/** The extension as Pi loads it: a file that is imported. */
async function loaded(policy: ApprovalPolicy | string): Promise<{ extension: Extension; handler: Handler }> {
  const dir = await mkdtemp(join(tmpdir(), 'adapter-pi-'));
  dirs.push(dir);
  const policyFile = join(dir, 'it\'s a "policy".json');
  await writeFile(policyFile, typeof policy === 'string' ? policy : policyText(policy));
  const file = join(dir, 'extension.mjs');
  await writeFile(file, approvalExtension(policyFile));
  const extension: Extension = await import(pathToFileURL(file).href);
  let handler: Handler | undefined;
  extension.default({ on: (_event, given) => (handler = given) });
  if (!handler) throw new Error('the extension listens to nothing');
  return { extension, handler };
}

const action = constantFrom('allow' as const, 'ask' as const, 'deny' as const);
const tool = constantFrom('bash', 'write', 'read', '*');

describe('the approval extension', () => {
  test('decides as the policy of the contracts does', async () => {
    const rule = record({
      tool,
      action,
      match: option(constantFrom('rm', '"', 'é', '{'), { nil: undefined }),
    });
    await assert(
      asyncProperty(array(rule, { maxLength: 4 }), action, tool, json(), async (rules, fallback, name, input) => {
        const policy = {
          rules: rules.map(({ match, ...rest }) => (match === undefined ? rest : { ...rest, match })),
          default: fallback,
          timeoutMs: 1000,
        };
        const { extension } = await loaded(policy);
        expect(extension.actionFor(name, input)).toBe(policyAction(policy, name, input));
      }),
      { numRuns: 40 },
    );
  });

  test('lets through, blocks, and asks with the tool, its call and its input', async () => {
    const rules = [
      { tool: 'read', action: 'allow' as const },
      { tool: 'write', action: 'deny' as const },
    ];
    const { handler } = await loaded({ rules, default: 'ask', timeoutMs: 1000 });
    const asked: string[][] = [];
    const ui = (answer: boolean) => ({
      hasUI: true,
      ui: { confirm: async (...words: string[]) => (asked.push(words), answer) },
    });
    expect(await handler({ toolName: 'read', input: {} }, ui(false))).toBeUndefined();
    expect(await handler({ toolName: 'write', input: {} }, ui(true))).toMatchObject({ block: true });
    const call = { toolName: 'bash', toolCallId: 'call-1', input: { command: 'x'.repeat(100_000) } };
    expect(await handler(call, ui(true))).toBeUndefined();
    expect(await handler(call, ui(false))).toMatchObject({ block: true });
    expect(await handler(call, { hasUI: false })).toMatchObject({ block: true });
    expect(asked).toHaveLength(2);
    expect(asked[0]?.[0]).toBe(toolDialogTitle);
    const question: unknown = JSON.parse(asked[0]?.[1] ?? '');
    expect(question).toMatchObject({
      tool: 'bash',
      callId: 'call-1',
      input: expect.stringMatching(/more characters\]$/),
    });
  });

  test.each(['', 'null', '{"rules":1}'])(
    'does not load with the policy %j, so that Pi does not start',
    async (policy) => {
      await expect(loaded(policy)).rejects.toThrow();
    },
  );
});
