import { AgentRuntimeError } from '@runtime/contracts/base';

/**
 * What whoever waits for something learns of a plane that is closed under it; `cause` when it closed by itself. With
 * `details.gone`, as every error of an owner that went away: another one may take its place.
 */
export const planeClosed = (cause?: AgentRuntimeError): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', 'the plane is closed', {
    hint: 'the work goes on: ask the next owner of its data directory',
    details: { gone: true },
    ...(cause ? { cause } : {}),
  });
