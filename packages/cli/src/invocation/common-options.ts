/** The options that every command takes. */
export interface CommonOptions {
  readonly dataDir?: string | undefined;
  readonly config?: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** The common ones among the options that commander has parsed. Without a schema, which would take long to load. */
export function commonOptionsOf(given: Readonly<Record<string, unknown>>): CommonOptions {
  const text = (name: string): string | undefined => {
    const value = given[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    dataDir: text('dataDir'),
    config: text('config'),
    json: given['json'] === true,
    quiet: given['quiet'] === true,
    verbose: given['verbose'] === true,
  };
}
