import type { ArtifactOrigin, TaskEventOf } from '@runtime/contracts';
import type { HeldContent } from '@runtime/contracts/artifacts';

/** What of a collection is told of what was refused, one by one. */
const maxRefusals = 50;

type ArtifactEvent = TaskEventOf<'artifact.stored' | 'artifact.refused'>;
type Refusal = Pick<TaskEventOf<'artifact.refused'>, 'name' | 'reason' | 'message'>;

interface Kept {
  readonly name: string;
  readonly mediaType: string;
  readonly content: HeldContent;
}

/** What was stored and refused. */
export interface Parts {
  readonly kept?: readonly Kept[];
  readonly refused?: readonly Refusal[];
}

/**
 * What a collection stored and refused, as events of its task. The contents are held until it is disposed of: append the
 * events first.
 */
export class Collected implements Disposable {
  readonly events: readonly ArtifactEvent[];
  readonly #contents: readonly HeldContent[];

  constructor(
    from: { readonly origin: ArtifactOrigin; readonly runId: string | undefined },
    { kept = [], refused = [] }: Parts = {},
  ) {
    const source = { origin: from.origin, ...(from.runId === undefined ? {} : { runId: from.runId }) };
    this.#contents = kept.map(({ content }) => content);
    const stored = kept.map(({ name, mediaType, content: { sha256, bytes } }): ArtifactEvent => {
      return { type: 'artifact.stored', artifact: { name, sha256, bytes, mediaType }, ...source };
    });
    const omitted = refused.length - maxRefusals;
    const told = refused.slice(0, maxRefusals).map(({ name, reason, message }, at): ArtifactEvent => {
      const cut = { name: name.slice(0, 1024), reason, message: message.slice(0, 2000) };
      const rest = omitted > 0 && at === maxRefusals - 1 ? { omitted } : {};
      return { type: 'artifact.refused', ...cut, ...rest, ...source };
    });
    this.events = [...stored, ...told];
  }

  [Symbol.dispose](): void {
    for (const content of this.#contents) content[Symbol.dispose]();
  }
}
