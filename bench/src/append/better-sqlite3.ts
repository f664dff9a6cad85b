import { join } from 'node:path';
import { NotThere, type Contender } from '../harness/contender.ts';
import { insert, Rows, setUp, type Item } from './sqlite-table.ts';
import { GroupCommit, runWriters } from './writers.ts';

/** better-sqlite3, WAL with synchronous FULL, one transaction per group. */
export default async function betterSqlite3(dir: string): Promise<Contender> {
  const { default: Database } = await import('better-sqlite3').catch((error: unknown) => {
    throw new NotThere(`better-sqlite3 did not install: ${String(error)}`);
  });
  const database = new Database(join(dir, 'events.db'));
  database.exec(setUp);
  const statement = database.prepare(insert);
  const rows = new Rows();
  const commit = database.transaction((items: readonly Item[]) => {
    for (const item of items) statement.run(...rows.of(item));
  });
  const group = new GroupCommit<Item>(commit);
  return {
    run: ({ writers = 1, milliseconds = 0 }) =>
      runWriters(writers, milliseconds, (writer, event) => group.append({ stream: `task/w${writer}`, event })),
    close: async () => {
      database.close();
    },
  };
}
