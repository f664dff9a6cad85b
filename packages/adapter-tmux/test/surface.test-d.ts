import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { expectTypeOf, test } from 'vitest';
import * as surface from '../src/index.ts';
import type { TmuxOptions } from '../src/index.ts';

test('the public types are these', () => {
  expectTypeOf<keyof typeof surface>().toEqualTypeOf<'tmux'>();
  expectTypeOf(surface.tmux).toEqualTypeOf<(options: TmuxOptions) => RuntimeAdapter>();
  expectTypeOf<TmuxOptions['prompt']>().toEqualTypeOf<'file' | 'stdin' | 'argument' | 'paste' | undefined>();
});
