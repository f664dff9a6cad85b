#!/usr/bin/env node
// A small agent: asks a chat-completions server, prints the answers and runs their tool calls, until there are none.
//   model-agent --url <base url with /v1> --model <id> [--prompt-file <file> | prompt on stdin]
// It exits with 0 when the model came to rest, else with 1. It retries nothing.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type AgentTool, tools } from './model-agent-tools.ts';
import { type Completion, type Message, complete } from './model-client.ts';

/** A model that calls tools for longer is broken; a demonstration needs five turns. */
const maxTurns = 100;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { url: { type: 'string' }, model: { type: 'string' }, 'prompt-file': { type: 'string' } },
  });
  const { url, model } = values;
  if (url === undefined || model === undefined) throw new Error('--url and --model are needed');
  const prompt = await readPrompt(values['prompt-file']);
  const messages: Message[] = [
    { role: 'system', content: `You are an agent in ${process.cwd()}.` },
    { role: 'user', content: prompt },
  ];
  for (let turn = 0; turn < maxTurns; turn += 1) {
    const completion = await complete({
      url,
      model,
      messages,
      tools: [...tools.values()].map((tool) => tool.declaration),
      onText: (text) => void process.stdout.write(text),
    });
    if (completion.text !== '') process.stdout.write('\n');
    messages.push(assistantMessage(completion));
    if (completion.toolCalls.length === 0) return;
    for (const call of completion.toolCalls) {
      process.stdout.write(`[tool] ${call.name} ${call.arguments}\n`);
      const result = await runTool(tools.get(call.name), call.name, call.arguments);
      if (result !== '') process.stdout.write(result.endsWith('\n') ? result : `${result}\n`);
      messages.push({ role: 'tool', tool_call_id: call.id, content: result });
    }
  }
  throw new Error(`the model did not come to rest in ${maxTurns} turns`);
}

/** Runs a tool call. The model gets the reason of a failure as the result. */
async function runTool(tool: AgentTool | undefined, name: string, args: string): Promise<string> {
  if (tool === undefined) return `Error: there is no tool ${name}`;
  try {
    return await tool.run(JSON.parse(args));
  } catch (error) {
    return `Error: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function assistantMessage(completion: Completion): Message {
  const toolCalls = completion.toolCalls.map((call) => ({
    id: call.id,
    type: 'function' as const,
    function: { name: call.name, arguments: call.arguments },
  }));
  return { role: 'assistant', content: completion.text, ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}) };
}

async function readPrompt(file: string | undefined): Promise<string> {
  if (file !== undefined) return await readFile(file, 'utf8');
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}

main().catch((error: unknown) => {
  process.stderr.write(`model-agent: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
