import { expect, it } from 'vitest';
import { snippetsIn } from '../docs/snippets.ts';

const page = `# A page
<!-- given: declare const a: number; -->
\`\`\`ts
console.log(a);
\`\`\`
<!-- not compiled: an outline -->
\`\`\`ts
console.log(…);
\`\`\`
<!-- from the code: example -->
\`\`\`ts
console.log('compiled elsewhere');
\`\`\`
<!-- end: example -->
\`\`\`ts
console.log(1);
\`\`\`
`;

it('takes the blocks of TypeScript from a page, each with the line numbers that it has there', () => {
  const snippets = snippetsIn('page.md', page);
  expect(snippets).toHaveLength(2);
  const [withGiven = [], last = []] = snippets.map(({ module }) => module.split('\n'));
  expect(withGiven[3]).toBe('console.log(a);');
  expect(withGiven).toContain(' declare const a: number; ');
  expect(last[15]).toBe('console.log(1);');
});
