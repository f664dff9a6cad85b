import type { PiScript, PiVersion } from '@runtime/conformance/scripted-agent';

export interface DoubleConfig {
  /** The entry of the scripted double. */
  readonly main: string;
  readonly version: PiVersion;
  readonly script: PiScript;
  /** Where the environment and the model go. */
  readonly witness: string;
  readonly deaf?: boolean;
  readonly children?: boolean;
  /** Where a child without an environment writes its pid. */
  readonly cleared?: string;
}
