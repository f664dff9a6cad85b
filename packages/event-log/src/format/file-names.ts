export const formatFileName = 'FORMAT';
export const snapshotDirName = 'snapshots';

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.jsonl`;
}

export function checkpointName(number: number): string {
  return `${String(number).padStart(8, '0')}.checkpoint`;
}

/** The numbers of the segments among these names, ascending. */
export function segmentNumbers(names: readonly string[]): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const match = /^(\d{8,})\.jsonl$/.exec(name);
    if (match) numbers.push(Number(match[1]));
  }
  return numbers.sort((a, b) => a - b);
}
