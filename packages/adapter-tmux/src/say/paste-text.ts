// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Text that may go through a terminal as a paste: no ESC, C0 or C1 but line feed and tab. tmux before 3.7 passes
 * `ESC[201~` on, which would end the paste and let the rest be typed as keys; DEL and ^U would edit the line.
 */
export function pasteText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(controls, '');
}

/** What an input line shows after a paste, if it shows it at all: the end of the last line that is not blank. */
export function pasteTail(text: string): string {
  return (text.trimEnd().split('\n').at(-1) ?? '').trim().slice(-20).trimStart();
}
