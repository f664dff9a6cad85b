import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { artifactStoreRequirements } from '../../src/artifact-store/index.ts';

const files = ['artifacts/artifact-store.ts', 'base/call-options.ts'];

test.for(Object.entries(artifactStoreRequirements))(
  '%s cites words that stand in the contract',
  async ([, [, quote]]) => {
    const texts = await Promise.all(
      files.map((file) => readFile(new URL(`../../../contracts/src/${file}`, import.meta.url), 'utf8')),
    );
    // A sentence may go over several lines of a comment.
    expect(texts.join('\n').replaceAll(/\s*\n\s*\*?\s*/g, ' ')).toContain(quote);
  },
);
