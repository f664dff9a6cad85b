// The public surface of every package, as reports in etc/api. Checks that they are what was built, and that a changeset
// names every package whose surface changed since its last release. `--write` writes the reports, `--released` makes
// them those of the last release, `--undocumented` lists exports without a docstring.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, readSurfaces, unannounced, writeReleased } from './released.ts';
import { reportsOfBuild, type Report } from './reports.ts';

function main(flag: string | undefined): void {
  if (flag === '--released') return writeReleased();
  const reports = reportsOfBuild();
  if (flag === '--undocumented') return listUndocumented(reports);
  if (flag === '--write') return write(reports);
  const problems = [...drift(reports), ...missingChangesets()];
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
  else process.stdout.write(`${documentation(reports)}\n`);
}

const fileOf = (report: Report): string => `${report.entry.name}.api.md`;

/** Reports that are checked in and belong to no entry any more. */
function leftOver(reports: readonly Report[]): string[] {
  const wanted = new Set(reports.map(fileOf));
  return readdirSync(folder).filter((name) => name.endsWith('.api.md') && !wanted.has(name));
}

function write(reports: readonly Report[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of leftOver(reports)) rmSync(join(folder, name));
  for (const report of reports) writeFileSync(join(folder, fileOf(report)), report.page);
}

function drift(reports: readonly Report[]): string[] {
  const isCurrent = (report: Report): boolean => {
    const path = join(folder, fileOf(report));
    return existsSync(path) && readFileSync(path, 'utf8') === report.page;
  };
  const drifted = reports.filter((report) => !isCurrent(report)).map(({ entry }) => entry.specifier);
  return [
    ...drifted.map(
      (entry) =>
        `The public surface of ${entry} is not the one in etc/api. Run \`pnpm api:write\`, read the difference, and commit it.`,
    ),
    ...leftOver(reports).map((name) => `etc/api/${name} belongs to no entry any more. \`pnpm api:write\` removes it.`),
  ];
}

const missingChangesets = (): string[] =>
  unannounced(readSurfaces()).map(
    (name) =>
      `The public surface of ${name} changed since its last release. Add a changeset that names it: \`pnpm changeset\`.`,
  );

function listUndocumented(reports: readonly Report[]): void {
  for (const { entry, exports } of reports) {
    for (const { name, isDocumented } of exports) {
      if (!isDocumented) process.stdout.write(`${entry.specifier} ${name}\n`);
    }
  }
  process.stdout.write(`${documentation(reports)}\n`);
}

/** Per package: how many exports have a docstring. */
function documentation(reports: readonly Report[]): string {
  const rows = new Map<string, { documented: number; all: number }>();
  for (const { entry, exports } of reports) {
    const row = rows.get(entry.package) ?? { documented: 0, all: 0 };
    row.all += exports.length;
    row.documented += exports.filter(({ isDocumented }) => isDocumented).length;
    rows.set(entry.package, row);
  }
  return [...rows]
    .map(([name, { documented, all }]) => {
      const share = all === 0 ? 100 : Math.floor((100 * documented) / all);
      return `${name}: ${documented} of ${all} exports have a docstring (${share} %)`;
    })
    .join('\n');
}

main(process.argv[2]);
