/** What some commands ask of the packages of planes and logs, apart from what an owner needs. */
export { findOwner, socketPath } from '@runtime/control-plane';
export { verifyLog } from '@runtime/event-log';
