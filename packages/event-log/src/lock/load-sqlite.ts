type Sqlite = NonNullable<ReturnType<typeof process.getBuiltinModule<'node:sqlite'>>>;

let loaded: Sqlite | undefined;

/**
 * Loads node:sqlite without its ExperimentalWarning, which would be the first thing that users of the command line see.
 * Other warnings pass.
 */
export function loadSqlite(): Sqlite {
  loaded ??= loadSilently();
  return loaded;
}

function loadSilently(): Sqlite {
  // It is called on the process, and restored as it was.
  // oxlint-disable-next-line typescript/unbound-method
  const emitWarning = process.emitWarning;
  const filtered = (warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).includes('SQLite')) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  process.emitWarning = filtered;
  try {
    const sqlite = process.getBuiltinModule('node:sqlite');
    if (!sqlite) throw new Error('this Node.js has no node:sqlite');
    return sqlite;
  } finally {
    // Loading is synchronous, so no other code can have replaced it meanwhile.
    process.emitWarning = emitWarning;
  }
}
