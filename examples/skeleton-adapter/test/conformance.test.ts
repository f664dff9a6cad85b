// #region skeleton-conformance
import { adapterConformance } from '@runtime/conformance/adapter';
import { harness } from './support/harness.ts';

adapterConformance('parrot', harness);
// #endregion
