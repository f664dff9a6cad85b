import type { Channel } from '../client/channel.ts';

const key = Symbol.for('@runtime/control-plane/1');

/**
 * The planes that this process owns, by the real path of their data directory. Shared by every copy of this module in
 * the process, for instance a plugin that its host loads twice: what is kept here speaks plain data only.
 */
export function planesOfProcess(): Map<string, Channel> {
  const holder = globalThis as { [key]?: Map<string, Channel> };
  holder[key] ??= new Map();
  return holder[key];
}
