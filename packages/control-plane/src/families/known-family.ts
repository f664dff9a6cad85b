import { AgentRuntimeError } from '@runtime/contracts';
import type { EventFamily } from '@runtime/contracts/log';
import { z } from 'zod';
import { parseWith } from '../client/parse.ts';

const wantedSchema = z.object({ name: z.string(), version: z.string() });

/** The family of this name and version. NOT_FOUND where the plane was not opened with it. */
export function knownFamily<F extends Pick<EventFamily, 'name' | 'version'>>(
  families: readonly F[],
  wanted: Pick<EventFamily, 'name' | 'version'>,
): F {
  const { name, version } = parseWith(wantedSchema, wanted, 'state');
  const known = families.find((each) => each.name === name);
  if (known?.version === version) return known;
  const there = known ? `, but with ${known.version}` : '';
  throw new AgentRuntimeError('NOT_FOUND', `the plane was not opened with ${name}, version ${version}${there}`, {
    hint: 'name the family where the plane is opened: openControlPlane({ families })',
  });
}
