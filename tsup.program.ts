import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];
type Build = Parameters<Plugin['setup']>[0];

/** `import { a, type B } from '@runtime/c';`, or the same with `export`. */
const statement = /^(import|export) \{([^}]*)\} from '(@runtime\/[^']+)';/gm;
const reexport = /^export \{([^}]*)\} from '(\.[^']+)';/gm;

const valuesIn = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));

/**
 * Imports each name from the file that defines it, past the entries of our packages, and zod by its names. The bundler
 * would keep whatever an entry leads to, in all that imports one name of it.
 */
const direct: Plugin = {
  name: 'direct',
  setup(build) {
    const known = new Map<string, Promise<ReadonlyMap<string, string>>>();
    const definitions = (specifier: string, importer: string): Promise<ReadonlyMap<string, string>> => {
      const found = known.get(specifier) ?? definitionsOf(build, specifier, importer);
      known.set(specifier, found);
      return found;
    };
    build.onLoad({ filter: /\/packages\/[^/]+\/src\/.*\.ts$/ }, async ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const specifiers = [...text.matchAll(statement)].map(([, , , specifier = '']) => specifier);
      const sources = new Map<string, ReadonlyMap<string, string>>();
      for (const specifier of specifiers) sources.set(specifier, await definitions(specifier, path));
      const contents = text
        .replaceAll(statement, (_, verb: string, list: string, specifier: string) =>
          valuesIn(list)
            .map((name) => {
              const [exported = ''] = name.split(' as ');
              return `${verb} { ${name} } from '${sources.get(specifier)?.get(exported) ?? specifier}';`;
            })
            .join(' '),
        )
        .replace("import { z } from 'zod';", "import * as z from 'zod';");
      return { contents, loader: 'ts' };
    });
  },
};

/** The files in which the names that an entry exports are defined. */
async function definitionsOf(build: Build, specifier: string, importer: string): Promise<ReadonlyMap<string, string>> {
  const entry = await build.resolve(specifier, { importer, resolveDir: dirname(importer), kind: 'import-statement' });
  const exported = [...readFileSync(entry.path, 'utf8').matchAll(reexport)];
  return new Map(
    exported.flatMap(([, list = '', file = '']) =>
      valuesIn(list).map((name) => [name, join(dirname(entry.path), file)] as const),
    ),
  );
}

/**
 * Packages of others that few commands need, by the file beside the program that they get: what is in the program is
 * parsed at every start. Each with the modules of it that are imported, and the package of ours that imports them.
 */
const apart: Readonly<Record<string, { readonly modules: readonly string[]; readonly by: string }>> = {
  execa: { modules: ['execa'], by: 'adapter-kit' },
  'fs-safe': { modules: ['@openclaw/fs-safe/root', '@openclaw/fs-safe/errors'], by: 'artifacts' },
};

/** Where a module stands, for packages that look for files beside their own. */
const metaUrl = {
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
};

/** Bundles the packages of `apart` into files of their own, and has the program load them from there. */
const setApart: Plugin = {
  name: 'set-apart',
  setup(build) {
    const files = new Map(
      Object.entries(apart).flatMap(([name, { modules }]) => modules.map((module) => [module, `./${name}.cjs`])),
    );
    build.onResolve({ filter: /^[^./]/ }, ({ path }) => {
      const file = files.get(path);
      return file === undefined ? undefined : { path: file, external: true };
    });
    build.onEnd(async ({ metafile }) => {
      const { outdir = '.', target, platform } = build.initialOptions;
      for (const [name, { modules, by }] of Object.entries(apart)) {
        const contents = modules.map((module) => `export * from '${module}';`).join('\n');
        // Programs are built in the folder of their package.
        const resolveDir = join(process.cwd(), '..', by);
        const { metafile: also } = await build.esbuild.build({
          stdin: { contents, resolveDir },
          bundle: true,
          format: 'cjs',
          outfile: join(outdir, `${name}.cjs`),
          metafile: true,
          ...(target === undefined ? {} : { target }),
          ...(platform === undefined ? {} : { platform }),
          ...metaUrl,
        });
        Object.assign(metafile?.inputs ?? {}, also.inputs);
      }
    });
  },
};

/** Writes the licences of all packages of others that are in the bundle into `licenses.txt` beside it. */
const licenses: Plugin = {
  name: 'licenses',
  setup(build) {
    build.initialOptions.metafile = true;
    build.onEnd(({ metafile }) => {
      const folders = Object.keys(metafile?.inputs ?? {}).flatMap(
        (path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? [],
      );
      const texts = [...new Set(folders)].sort().map(licenseOf);
      const outdir = build.initialOptions.outdir ?? '.';
      mkdirSync(outdir, { recursive: true });
      writeFileSync(join(outdir, 'licenses.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`));
    });
  },
};

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

function licenseOf(folder: string): string {
  const { name, version, license }: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8')}`;
}

/**
 * How a program is bundled: from the sources of all packages, with everything that it needs in it, into one file but
 * for what is set apart. What it imports dynamically is in the file and evaluated when it is imported. In CommonJS, where a module of Node is loaded
 * when it is used. Leaves what is in its folder.
 */
export const program = (entry: Readonly<Record<string, string>>): Options => ({
  entry: { ...entry },
  format: 'cjs',
  outExtension: () => ({ js: '.cjs' }),
  target: 'node22',
  dts: false,
  clean: false,
  noExternal: [/./],
  splitting: false,
  esbuildPlugins: [setApart, direct, licenses],
  esbuildOptions: (options) => {
    options.conditions = ['@runtime/source'];
    options.define = { ...options.define, 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' };
  },
});
