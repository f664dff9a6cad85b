import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../lib/packages.ts';

const folder = join(root, '.github/workflows');

describe.each(readdirSync(folder))('the workflow %s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');

  it('pins every action to a commit, and names its version', () => {
    const uses = [...text.matchAll(/uses: (.*)$/gm)].map((match) => match[1]);
    expect(uses.filter((action) => !/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action ?? ''))).toEqual([]);
  });

  it('starts from no permission beyond reading, and from a limit of time for each job', () => {
    expect(text).toMatch(/^permissions:( \{\}|\n {2}contents: read)\n\n/m);
    expect(text.match(/timeout-minutes:/g)).toHaveLength(text.match(/runs-on:/g)?.length ?? 0);
  });
});
