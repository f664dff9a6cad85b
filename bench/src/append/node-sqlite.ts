import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Contender } from '../harness/contender.ts';
import { insert, Rows, setUp, type Item } from './sqlite-table.ts';
import { GroupCommit, runWriters } from './writers.ts';

/** node:sqlite, WAL with synchronous FULL, one transaction per group. */
export default async function nodeSqlite(dir: string): Promise<Contender> {
  const database = new DatabaseSync(join(dir, 'events.db'));
  database.exec(setUp);
  const statement = database.prepare(insert);
  const rows = new Rows();
  const group = new GroupCommit<Item>((items) => {
    database.exec('BEGIN');
    for (const item of items) statement.run(...rows.of(item));
    database.exec('COMMIT');
  });
  return {
    run: ({ writers = 1, milliseconds = 0 }) =>
      runWriters(writers, milliseconds, (writer, event) => group.append({ stream: `task/w${writer}`, event })),
    close: async () => database.close(),
  };
}
