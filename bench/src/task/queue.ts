import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Contender } from '../harness/contender.ts';
import { command, runTasks } from './measure.ts';

/**
 * What a person would write to keep jobs in SQLite: submitted, claimed and ended in a transaction each, synced at each
 * commit. The job is known after a crash, and its process and what it printed are not.
 */
export default async function queueJob(dir: string): Promise<Contender> {
  const database = new DatabaseSync(join(dir, 'jobs.db'));
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE jobs (id INTEGER PRIMARY KEY, command TEXT, state TEXT, code INTEGER, output TEXT);
    CREATE INDEX queued ON jobs (state, id);`);
  const submit = database.prepare(`INSERT INTO jobs (command, state) VALUES (?, 'queued')`);
  const claim = database.prepare(
    `UPDATE jobs SET state = 'running'
     WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1) RETURNING id, command`,
  );
  const end = database.prepare(`UPDATE jobs SET state = 'ended', code = ?, output = ? WHERE id = ?`);
  return {
    run: (params) =>
      runTasks(params, async () => {
        submit.run(command);
        const job = claim.get();
        if (!job) throw new Error('no job was queued');
        const child = spawn(String(job['command']), { stdio: ['ignore', 'pipe', 'pipe'] });
        let output = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding('utf8').on('data', (text: string) => (output += text));
        }
        const [code] = await once(child, 'close');
        if (code !== 0) throw new Error(`${command} ended with ${String(code)}`);
        end.run(Number(code), output, Number(job['id']));
      }),
    close: async () => database.close(),
  };
}
