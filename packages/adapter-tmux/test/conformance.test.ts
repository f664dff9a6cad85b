import { adapterConformance } from '@runtime/conformance/adapter';
import { harness } from './fixtures/harness.ts';

adapterConformance('tmux', harness);
