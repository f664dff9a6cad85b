import type { RuntimeAdapter, RuntimeHandle } from '@runtime/contracts/adapter';
import { expectTypeOf, test } from 'vitest';
import * as surface from '../src/index.ts';
import type { AttachCommands, ScreenState, TmuxOptions } from '../src/index.ts';

test('the public types are these', () => {
  expectTypeOf<keyof typeof surface>().toEqualTypeOf<
    'tmux' | 'attachCommand' | 'initialScreenState' | 'translateScreen'
  >();
  expectTypeOf(surface.tmux).toEqualTypeOf<(options: TmuxOptions) => RuntimeAdapter>();
  expectTypeOf(surface.attachCommand).toEqualTypeOf<
    (handle: RuntimeHandle, options?: { readonly readOnly?: boolean }) => string[]
  >();
  expectTypeOf(surface.translateScreen).returns.toEqualTypeOf<{ readonly state: ScreenState; readonly text: string }>();
  expectTypeOf<AttachCommands>().toEqualTypeOf<{
    readonly command: readonly string[];
    readonly readOnly: readonly string[];
  }>();
  expectTypeOf<TmuxOptions['prompt']>().toEqualTypeOf<'file' | 'stdin' | 'argument' | 'paste' | undefined>();
});
