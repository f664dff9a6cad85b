import { isLossless, textOf, type RawPath } from '../git/raw-path.ts';
import type { ChangedFile, ChangeKind } from './changed-file.ts';

const kinds: Readonly<Record<string, ChangeKind>> = {
  A: 'added',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  C: 'copied',
  T: 'type_changed',
};

/** The output of `git diff-tree --raw --numstat -z`, split: first the raw records, then as many with counts. */
export function parseChanges(fields: readonly RawPath[]): ChangedFile[] {
  const raw: { readonly mode: string; readonly kind: ChangeKind; readonly paths: readonly RawPath[] }[] = [];
  let at = 0;
  while (fields[at]?.startsWith(':')) {
    const [, mode = '', , , letter = ''] = (fields[at] ?? '').split(' ');
    const count = /^[RC]/.test(letter) ? 2 : 1;
    raw.push({ mode, kind: kinds[letter.charAt(0)] ?? 'modified', paths: fields.slice(at + 1, at + 1 + count) });
    at += 1 + count;
  }
  return raw.map(({ mode, kind, paths }) => {
    const [added = '', deleted = ''] = (fields[at] ?? '').split('\t');
    at += paths.length === 2 ? 3 : 1;
    const path = paths.at(-1) ?? '';
    const isText = added !== '-';
    return {
      path: textOf(path),
      isEscaped: !isLossless(path),
      kind,
      ...(paths.length === 2 ? { from: textOf(paths[0] ?? '') } : {}),
      ...(isText ? { added: Number(added), deleted: Number(deleted) } : {}),
      ...(kind === 'deleted' ? {} : { mode }),
    };
  });
}
