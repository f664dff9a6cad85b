import type { RuntimeDefinition } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { AdapterFactory, ControlPlaneOptions } from '@runtime/control-plane';
import { expectTypeOf, test } from 'vitest';
import * as surface from '../src/index.ts';
import type { RuntimeEntry } from '../src/index.ts';

test('the public types are these', () => {
  expectTypeOf<keyof typeof surface>().toEqualTypeOf<
    'createAdapter' | 'createAdapters' | 'definitionsOf' | 'loadAdapters' | 'runtimeEntrySchema' | 'runtimesSchema'
  >();
  expectTypeOf(surface.createAdapter).toEqualTypeOf<
    (id: string, definition: RuntimeDefinition) => Promise<RuntimeAdapter>
  >();
  expectTypeOf<RuntimeEntry['adapter']>().toEqualTypeOf<'local' | 'pi' | 'tmux'>();
});

test('both factories fit a plane', () => {
  expectTypeOf(surface.createAdapter).toExtend<AdapterFactory>();
  expectTypeOf<Awaited<ReturnType<typeof surface.createAdapters>>>().toExtend<ControlPlaneOptions['adapters']>();
});
