/** Prints to the terminal. Agents stream in the middle of lines; everything else starts on a new line. */
const colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const startedAt = performance.now();
let midLine = false;

const paint = (code: number, text: string): string => (colours ? `\u001B[${code}m${text}\u001B[0m` : text);

function write(text: string): void {
  if (text === '') return;
  process.stdout.write(text);
  midLine = !text.endsWith('\n');
}

function line(text: string): void {
  if (midLine) write('\n');
  write(`${text}\n`);
}

/** Lines of at most 80 characters. */
const wrap = (text: string): string[] => text.match(/.{1,80}(?:\s|$)/g) ?? [text];

export const narrate = {
  title(text: string): void {
    line('');
    line(paint(1, `== ${text}`));
  },
  line,
  /** One act of the show: its number, what it is, and what there is to see. */
  act(number: number, title: string, toSee: string): void {
    line('');
    line(paint(1, `== ${number} of 3: ${title}`));
    for (const part of wrap(`You will see: ${toSee}`)) line(paint(2, part));
  },
  /** What was shown, once it has been proven. */
  shown(text: string): void {
    for (const part of wrap(`You saw: ${text}`)) line(paint(32, part));
  },
  /** Text of an agent, without escape sequences and other control characters. */
  stream(text: string): void {
    // oxlint-disable-next-line no-control-regex
    write(text.replace(/\u001B\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000B-\u001F\u007F]/g, ''));
  },
  /** Something that the control plane recorded, with the time since the start. */
  fact(text: string): void {
    line(paint(36, `   ${((performance.now() - startedAt) / 1000).toFixed(2).padStart(6)} s  ${text}`));
  },
};
