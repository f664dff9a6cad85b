import { describe, expect, it } from 'vitest';
import { outcomeCodeSchema, terminalStatusSchema, type OutcomeCode } from '../../src/index.ts';
import { classifyMessage } from '../../src/adapter/index.ts';

describe('an outcome', () => {
  it('has one of these states and one of these reasons', () => {
    expect(terminalStatusSchema.options).toEqual(['succeeded', 'failed', 'cancelled', 'timed_out', 'lost']);
    expect(outcomeCodeSchema.options).toEqual([
      'auth',
      'quota',
      'rate_limit',
      'overloaded',
      'network',
      'timeout',
      'context_overflow',
      'refusal',
      'model_error',
      'crashed',
      'killed',
      'exit_code',
      'output_limit',
      'deliverable_missing',
      'check_failed',
      'budget_exceeded',
      'unavailable',
      'unmet_needs',
      'invalid_request',
      'unknown',
    ]);
  });

  it.each<[string, OutcomeCode]>([
    ['429 Too Many Requests', 'rate_limit'],
    ['Rate limit reached for requests', 'rate_limit'],
    ['rate_limit_error: slow down', 'rate_limit'],
    ['Overloaded', 'overloaded'],
    ['429 Quota exceeded for requests per minute', 'rate_limit'],
    ['429 You exceeded your current quota, please check your plan and billing details.', 'quota'],
    ['insufficient_quota', 'quota'],
    ['Your credit balance is too low; insufficient credit', 'quota'],
    ['402 Payment Required', 'quota'],
    ["You've hit your usage limit", 'quota'],
    ['401 Unauthorized', 'auth'],
    ['403 Forbidden', 'auth'],
    ['invalid API key provided', 'auth'],
    ['No API key found for anthropic', 'auth'],
    ['authentication_error', 'auth'],
    ['Please log in again', 'auth'],
    ['404 The model `gpt-9` does not exist or you do not have access to it.', 'invalid_request'],
    ['404 {"type":"error","error":{"type":"not_found_error","message":"model: claude-9"}}', 'invalid_request'],
    ['404 models/gemini-9 is not found for API version v1beta', 'invalid_request'],
    ['400 nobody/none is not a valid model ID', 'invalid_request'],
    ['model "llama9" not found, try pulling it first', 'invalid_request'],
    ['{"code":"model_not_found"}', 'invalid_request'],
    ['Model gpt-9 not found', 'invalid_request'],
    ["The requested model 'x/y' could not be found", 'invalid_request'],
    ['model not found: gpt-9', 'invalid_request'],
    ['404 Not Found', 'model_error'],
    ['models/user.py not found', 'model_error'],
    ["ENOENT: 'src/models/user2.py' does not exist", 'model_error'],
    ['the model read a path that does not exist', 'model_error'],
    ['not_found_error: no file model.py', 'model_error'],
    ['file not found in the model answer', 'model_error'],
    ['prompt is too long: 210000 tokens > 200000 maximum', 'context_overflow'],
    ["This model's maximum context length is 8192 tokens", 'context_overflow'],
    ['context window exceeded', 'context_overflow'],
    ['The model refused to answer', 'refusal'],
    ['blocked by content filter', 'refusal'],
    ['Request timed out', 'timeout'],
    ['timeout after 60s', 'timeout'],
    ['context deadline exceeded', 'timeout'],
    ['500 Internal Server Error', 'overloaded'],
    ['', 'model_error'],
    ['port 44290 is used', 'model_error'],
    ['a blog input', 'model_error'],
  ])('is read from %j as %s', (message, code) => {
    expect(classifyMessage(message)).toBe(code);
  });

  it('falls back on what the caller knows, and looks at the beginning only', () => {
    expect(classifyMessage('no idea', 'crashed')).toBe('crashed');
    expect(classifyMessage(`${'x '.repeat(1000)}429`, 'crashed')).toBe('crashed');
  });
});
