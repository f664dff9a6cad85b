/**
 * What a terminal makes of text: escape sequences, and the cells that a text takes. Pure. For recordings of terminals,
 * and for text that must not steer one.
 *
 * @packageDocumentation
 */
export { initialEscapeState, readEscapes } from './read-escapes.ts';
export type { EscapeDialect, EscapeHandler, EscapeState } from './read-escapes.ts';
export { textWidth } from './text-width.ts';
