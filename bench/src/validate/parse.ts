import type { Contender } from '../harness/contender.ts';
import { taking } from './measure.ts';

/** JSON.parse, believing everything. */
export default async function parse(): Promise<Contender> {
  return taking((bytes) => typeof (JSON.parse(bytes.toString('utf8')) as { type: string }).type === 'string');
}
