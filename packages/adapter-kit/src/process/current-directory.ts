/** The current directory, or `/` where somebody has removed it: `process.cwd()` throws then. */
export function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}
