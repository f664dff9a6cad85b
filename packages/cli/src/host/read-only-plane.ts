/** What a list needs where there is no owner, alone. */
export { openReadOnlyPlane } from '@runtime/control-plane';
