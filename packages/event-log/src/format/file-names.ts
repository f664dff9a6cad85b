export const formatFileName = 'FORMAT';
export const snapshotDirName = 'snapshots';

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.jsonl`;
}

export function checkpointName(number: number): string {
  return `${String(number).padStart(8, '0')}.checkpoint`;
}

/** The file that claims an epoch for a writer. */
export function claimName(epoch: number): string {
  return `writer-${epoch}.json`;
}

/** The numbers of the segments among these names, ascending. */
export function segmentNumbers(names: readonly string[]): number[] {
  return numbersIn(names, /^(\d{8,})\.jsonl$/);
}

/** The numbers of the segments that have a checkpoint among these names, ascending. */
export function checkpointNumbers(names: readonly string[]): number[] {
  return numbersIn(names, /^(\d{8,})\.checkpoint$/);
}

/** The epochs that are claimed by files among these names, ascending. */
export function claimedEpochs(names: readonly string[]): number[] {
  return numbersIn(names, /^writer-(\d{1,15})\.json$/);
}

function numbersIn(names: readonly string[], pattern: RegExp): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const match = pattern.exec(name);
    if (match) numbers.push(Number(match[1]));
  }
  return numbers.sort((a, b) => a - b);
}
