import { cutLine, lineWidth, wrapLine } from './fit.ts';

/** How a table is laid out. */
export interface TableOptions {
  /** The width that rows may take. @default without a limit */
  readonly columns?: number;
  /** Colours a cell; it may not change its text. */
  readonly paint?: (cell: string, row: number, column: number) => string;
  /** Whether the last cell is wrapped instead of cut. @default false */
  readonly wrap?: boolean;
}

/** The last cell stands below its row where less than this is left for it. */
const minLastWidth = 18;

/**
 * Aligns cells in columns, two spaces apart. Cells are single lines without escapes. The last one takes what is left of
 * the width; on a narrow terminal it stands below its row, without a heading.
 */
export function formatTable(rows: readonly (readonly string[])[], options: TableOptions = {}): string[] {
  return formatRows(rows, options).flat();
}

/** As `formatTable`, with the lines of each row by themselves. */
export function formatRows(rows: readonly (readonly string[])[], options: TableOptions = {}): string[][] {
  const { columns = Infinity, paint = (cell: string) => cell, wrap = false } = options;
  const widths: number[] = [];
  for (const row of rows)
    row.slice(0, -1).forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, lineWidth(cell));
    });
  const before = widths.reduce((sum, width) => sum + width + 2, 0);
  const isBelow = columns - before < minLastWidth;
  return rows.map((row, index) => {
    const firsts = row.slice(0, -1).map((cell, column) => pad(paint(cell, index, column), widths[column] ?? 0));
    const first = firsts.join('  ').trimEnd();
    const last = row.at(-1) ?? '';
    const painted = paint(last, index, row.length - 1);
    if (!isBelow) {
      const fitted = wrap ? wrapLine(painted, columns - before, '') : cutLine(painted, columns - before);
      const [head = '', ...rest] = fitted.split('\n');
      return [`${firsts.join('  ')}  ${head}`.trimEnd(), ...rest.map((line) => `${' '.repeat(before)}${line}`)];
    }
    const narrow = cutLine(first, columns);
    if (last === '' || index === 0) return [narrow];
    const below = wrap ? wrapLine(painted, columns - 2, '') : cutLine(painted, columns - 2);
    return [narrow, ...below.split('\n').map((line) => `  ${line}`)];
  });
}

const pad = (cell: string, width: number): string => `${cell}${' '.repeat(Math.max(0, width - lineWidth(cell)))}`;
