import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { root } from '../lib/packages.ts';
import type { Entry } from './entries.ts';

const compilerOptions = {
  target: 'es2023',
  lib: ['es2024', 'esnext.disposable'],
  module: 'nodenext',
  strict: true,
  skipLibCheck: true,
  types: ['node'],
};

/**
 * What API Extractor writes about each entry, by the entry's name. It reads the declarations of the build, with a
 * TypeScript of its own: TypeScript 7 has no interface that it could use. All entries share one program, since making
 * one takes a second.
 */
export function extract(entries: readonly Entry[]): ReadonlyMap<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'api-'));
  mkdirSync(join(folder, 'before'));
  const declarations = entries.map((entry) => entry.declarations);
  const configs = entries.map((entry) => configOf(entry, declarations, folder));
  const [first] = configs;
  try {
    if (first === undefined) return new Map();
    const compilerState = CompilerState.create(first, { additionalEntryPoints: declarations });
    for (const config of configs) {
      Extractor.invoke(config, {
        localBuild: true,
        compilerState,
        messageCallback: (message) => {
          if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true;
        },
      });
    }
    return new Map(entries.map(({ name }) => [name, readFileSync(join(folder, `${name}.api.md`), 'utf8')]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function configOf(entry: Entry, files: readonly string[], reportFolder: string): ExtractorConfig {
  const projectFolder = join(root, 'packages', entry.package);
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder,
      mainEntryPointFilePath: entry.declarations,
      compiler: { overrideTsconfig: { compilerOptions, files } },
      newlineKind: 'lf',
      apiReport: {
        enabled: true,
        reportFileName: entry.name,
        reportFolder,
        reportTempFolder: join(reportFolder, 'before'),
        // A type that an exported one mentions is seen by its users, exported or not.
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, 'package.json'),
  });
}
