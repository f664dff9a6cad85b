import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { NotThere, type Contender } from '../harness/contender.ts';
import { find, prepare, run, startServer, stopServer, untilItAnswers } from './servers.ts';
import { Rows, type Item } from './sqlite-table.ts';
import { GroupCommit, runWriters } from './writers.ts';

const table = `create table events (
  position bigserial primary key, stream text, revision int, time bigint, data text, unique (stream, revision))`;
const insert = `insert into events (stream, revision, time, data)
  select * from unnest($1::text[], $2::int[], $3::bigint[], $4::text[])`;

/** PostgreSQL as it comes (synchronous_commit on), one multi-row insert per group over its unix socket. */
export default async function postgres(dir: string): Promise<Contender> {
  const [server, initdb] = [await find('postgres'), await find('initdb')];
  if (!server || !initdb) throw new NotThere('no postgres and initdb on PATH');
  const { default: pg } = await import('pg');
  const user = await serverUser();
  if (user.uid !== undefined) await chown(dir, user.uid, user.gid ?? user.uid);
  const data = join(dir, 'data');
  await prepare(initdb, ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C'], user);
  const process_ = startServer(server, ['-D', data, '-k', dir, '-c', 'listen_addresses='], user);
  const client = await untilItAnswers(async () => {
    const fresh = new pg.Client({ host: dir, user: 'bench', database: 'postgres' });
    await fresh.connect();
    return fresh;
  });
  await client.query(table);
  const rows = new Rows();
  const group = new GroupCommit<Item>(async (items) => {
    const columns: [string[], number[], number[], string[]] = [[], [], [], []];
    for (const item of items) {
      const [stream, revision, time, text] = rows.of(item);
      columns[0].push(stream);
      columns[1].push(revision);
      columns[2].push(time);
      columns[3].push(text);
    }
    await client.query({ name: 'insert', text: insert, values: columns });
  });
  return {
    run: ({ writers = 1, milliseconds = 0 }) =>
      runWriters(writers, milliseconds, (writer, event) => group.append({ stream: `task/w${writer}`, event })),
    close: async () => {
      await client.end();
      await stopServer(process_, 'SIGINT');
    },
  };
}

/** PostgreSQL refuses to run as root; its package brings a user. */
async function serverUser(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch (error) {
    throw new NotThere(`we are root, PostgreSQL refuses that, and there is no user postgres (${String(error)})`);
  }
}
