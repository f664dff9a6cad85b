import type { ModelInUse } from '@runtime/contracts';
import { sanitizeLine } from '../sanitize.ts';

/** `anthropic/opus, thinking high, answered by haiku`. Sanitised. */
export function describeModel({ provider, model, thinking, answeredBy }: ModelInUse): string {
  const parts = [
    provider === undefined ? model : `${provider}/${model}`,
    ...(thinking === undefined || thinking === 'off' ? [] : [`thinking ${thinking}`]),
    ...(answeredBy === undefined ? [] : [`answered by ${answeredBy}`]),
  ];
  return sanitizeLine(parts.join(', '), 300);
}
