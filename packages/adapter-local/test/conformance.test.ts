import { adapterConformance } from '@runtime/conformance/adapter';
import { harness } from './support/harness.ts';

adapterConformance('local', harness);
