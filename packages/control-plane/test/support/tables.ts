/** The cells of the rows of the first table after a heading of a page, without the table's own head. */
export function readTable(page: string, heading: string): string[][] {
  const [, after = ''] = page.split(`# ${heading}\n`);
  const lines = after.split('\n');
  const from = lines.findIndex((line) => line.startsWith('|'));
  const table = lines.slice(from);
  const to = table.findIndex((line) => !line.startsWith('|'));
  return table.slice(2, to === -1 ? undefined : to).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}
