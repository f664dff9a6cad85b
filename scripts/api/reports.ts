import { entries, type Entry } from './entries.ts';
import { extract } from './extract.ts';

export interface Report {
  readonly entry: Entry;
  /** The page for `etc/api`. */
  readonly page: string;
  readonly exports: readonly Declaration[];
}

interface Declaration {
  readonly name: string;
  readonly isExported: boolean;
  readonly isDocumented: boolean;
  /** Without remarks of the tool. */
  readonly text: string;
}

/** The public surface of every entry of every package, from the build. */
export function reportsOfBuild(): Report[] {
  const texts = extract(entries);
  const surfaces = entries.map((entry) => ({ entry, ...surfaceOf(texts.get(entry.name) ?? '') }));
  return surfaces.map(({ entry, imports, declarations }) => {
    const elsewhere = new Set(
      surfaces
        .filter((other) => other.entry.package === entry.package && other.entry !== entry)
        .flatMap((other) => namesOf(other.declarations)),
    );
    // What another entry of the package exports is reported there.
    const own = declarations.filter(({ name, isExported }) => isExported || !elsewhere.has(name));
    return {
      entry,
      page: pageOf(entry, [...imports, ...own.map(({ text }) => text)]),
      exports: declarations.filter(({ isExported }) => isExported),
    };
  });
}

const namesOf = (declarations: readonly Declaration[]): string[] =>
  declarations.filter(({ isExported }) => isExported).map(({ name }) => name);

/** Imports and declarations of a report, which has an empty line between any two of them and none inside. */
function surfaceOf(text: string): { imports: string[]; declarations: Declaration[] } {
  const blocks = (/```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? '').split('\n\n').map((block) => block.trim());
  const isImport = (block: string): boolean => block.startsWith('import ');
  const declared = blocks.filter((block) => block !== '' && !isImport(block) && !block.startsWith('// (No '));
  const inferred = new Map(declared.map((block) => [nameOf(block), isCommented(block)]));
  return {
    imports: blocks.filter(isImport),
    declarations: declared.map((block) => {
      const code = block.replaceAll(/^ *\/\/ (?:@\w+(?: @\w+)*|\(undocumented\)|@\w+ \(undocumented\))\n/gm, '');
      // `type X = z.infer<typeof xSchema>` stands below the schema and shares its docstring.
      const schema = /= z\.(?:infer|input|output)<typeof (\w+)>;$/.exec(code)?.[1] ?? '';
      return {
        name: nameOf(block),
        isExported: /^export /m.test(code),
        isDocumented: isCommented(block) || inferred.get(schema) === true,
        text: code,
      };
    }),
  };
}

const isCommented = (block: string): boolean => !/^\/\/ @\w+ \(undocumented\)$/m.test(block);

function nameOf(block: string): string {
  const declaration =
    /^(?:export )?(?:declare )?(?:abstract )?(?:async )?(?:class|const|enum|function|interface|let|namespace|type) ([\w$]+)/m;
  return declaration.exec(block)?.[1] ?? /^export \{ ([\w$]+)/m.exec(block)?.[1] ?? block;
}

function pageOf(entry: Entry, blocks: readonly string[]): string {
  return [
    `# ${entry.specifier}`,
    'What this entry exports. Written by `pnpm api:write`; not to be edited.',
    `\`\`\`ts\n${blocks.join('\n\n')}\n\`\`\`\n`,
  ].join('\n\n');
}
