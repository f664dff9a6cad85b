/** How a file differs. */
export type ChangeKind = 'added' | 'deleted' | 'modified' | 'renamed' | 'copied' | 'type_changed';

/** A file that differs between two commits. */
export interface ChangedFile {
  /** From the root. Bytes that are no UTF-8 are written as `\xNN`, and a backslash as two; `isEscaped` says so. */
  readonly path: string;
  readonly isEscaped: boolean;
  readonly kind: ChangeKind;
  /** Of a renamed or copied file, written as `path` is. */
  readonly from?: string;
  /** Lines; absent of a binary file. */
  readonly added?: number;
  readonly deleted?: number;
  /** As git writes it, `100755`, `120000` for a link, `160000` for a submodule; absent of a deleted file. */
  readonly mode?: string;
}
