/**
 * What a terminal makes of text: escape sequences apart from text, and the cells that a text takes. Pure; for what
 * terminals wrote and for what must not steer one.
 *
 * @packageDocumentation
 */
export { initialEscapeState, readEscapes } from './read-escapes.ts';
export type { EscapeDialect, EscapeHandler, EscapeState } from './read-escapes.ts';
export { textWidth } from './text-width.ts';
