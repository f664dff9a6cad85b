/** Aligns cells in columns, two spaces apart. Cells are single lines without escapes; `paint` then colours them. */
export function formatTable(
  rows: readonly (readonly string[])[],
  paint: (cell: string, row: number, column: number) => string = (cell) => cell,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, Array.from(cell).length);
    });
  }
  return rows.map((row, index) =>
    row
      .map((cell, column) => {
        const padding = column === row.length - 1 ? 0 : (widths[column] ?? 0) - Array.from(cell).length;
        return `${paint(cell, index, column)}${' '.repeat(padding)}`;
      })
      .join('  ')
      .trimEnd(),
  );
}
