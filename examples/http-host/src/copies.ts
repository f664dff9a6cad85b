import { registerHooks } from 'node:module';
import type * as owner from './owner.ts';

// What a copy imports is a copy too, apart from other people's packages.
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const copy = context.parentURL === undefined ? '' : new URL(context.parentURL).search;
    const isOurs = resolved.url.startsWith('file:') && !resolved.url.includes('/node_modules/');
    return copy !== '' && isOurs ? { ...resolved, url: `${resolved.url}${copy}` } : resolved;
  },
});

/**
 * Loads the owner once more: its code, that of the plane and every variable of them are not those of another copy. A
 * host that reloads a plugin does this.
 */
export async function loadOwner(copy: number): Promise<typeof owner> {
  return (await import(`./owner.ts?copy=${copy}`)) as typeof owner;
}
