import { planeEventSchemas, runtimeEventSchemas, taskEventSchemas } from '@runtime/contracts';

/** Every type of event that a log of this version holds. */
export const eventTypes: readonly string[] = Object.keys({
  ...taskEventSchemas,
  ...planeEventSchemas,
  ...runtimeEventSchemas,
});
