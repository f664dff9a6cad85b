import { appendFile, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as delay } from 'node:timers/promises';
import { sessionEventSchemas, type SessionEvent, type SourceBatch } from '@runtime/contracts/adapter';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runEnded } from '../../src/run/index.ts';
import {
  jsonFileSource,
  mergeSources,
  tailFile,
  textFileSource,
  type JsonRecord,
  type JsonSourceOptions,
  type Translator,
} from '../../src/source/index.ts';
import { codeOf, testRun } from '../support/run.ts';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'adapter-kit-source-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));
const file = (name = 'log'): string => path.join(dir, name);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Counts what it sees: an event of a silent replay still moves it. */
function counter(): Translator<JsonRecord> {
  let count = 0;
  return {
    translate: ({ value }) => {
      count += 1;
      return value === 'skip'
        ? []
        : [{ type: 'text.delta', messageId: 'm', text: `${count}:${JSON.stringify(value)}` }];
    },
  };
}

const source = (options: Partial<JsonSourceOptions> = {}): AsyncGenerator<SourceBatch> =>
  jsonFileSource({ path: file(), translator: counter, ended: () => true, ...options });
const texts = (batches: readonly SourceBatch[]): string[] =>
  batches.flatMap(({ events }) =>
    events.map((event) => (event.type === 'text.delta' || event.type === 'output.delta' ? event.text : event.type)),
  );

describe('tailFile', () => {
  it('gives what is there and what comes, in order, and ends with the writer', async () => {
    await writeFile(file(), 'one ');
    let over = false;
    const reading = all(tailFile(file(), { ended: () => over, chunkBytes: 3 }));
    for (const text of ['two ', 'three ', 'four']) {
      await delay(20);
      await appendFile(file(), text);
    }
    over = true;
    const chunks = await reading;
    expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()).toBe('one two three four');
    expect(chunks.every(({ bytes }) => bytes.length <= 3)).toBe(true);
    expect(chunks.map(({ start }) => start)).toEqual(
      chunks.map((_, index) => chunks.slice(0, index).reduce((sum, { bytes }) => sum + bytes.length, 0)),
    );
  });

  it('notices growth at once, long before it would poll', async () => {
    await writeFile(file(), '');
    const controller = new AbortController();
    const tail = tailFile(file(), { ended: () => false, pollMs: 60_000, signal: controller.signal });
    const first = tail.next();
    await delay(50);
    await appendFile(file(), 'now');
    expect((await first).value?.bytes.toString()).toBe('now');
    controller.abort();
    expect((await tail.next()).done).toBe(true);
  });

  it('asks for the end when a sign of it changed, and for nothing else', async () => {
    await writeFile(file(), '');
    let asked = 0;
    let over = false;
    const ended = Object.assign(() => ((asked += 1), over), { signs: new Set(['exit']), isDoubtful: () => false });
    const tail = tailFile(file(), { ended });
    const read = async (): Promise<string> => (await tail.next()).value?.bytes.toString() ?? 'the end';
    let next = read();
    await vi.waitFor(() => expect(asked).toBe(1));
    for (let n = 0; n < 20; n += 1) {
      await appendFile(file('beside'), 'x');
      await appendFile(file(), String(n % 10));
      await next;
      next = read();
    }
    // Once a second while the file grows, on whatever machine.
    const [before, began] = [asked, performance.now()];
    await appendFile(file('beside'), 'x');
    await delay(100);
    expect(asked - before).toBeLessThanOrEqual(Math.ceil((performance.now() - began) / 1000));
    over = true;
    await writeFile(file('exit'), '');
    expect(await next).toBe('the end');
  });

  it('reads lines that come quickly together', async () => {
    await writeFile(file(), '');
    const ended = Object.assign(() => false, { signs: new Set(['exit']), isDoubtful: () => false });
    const controller = new AbortController();
    const reading = all(tailFile(file(), { ended, signal: controller.signal }));
    for (let n = 0; n < 100; n += 1) {
      await appendFile(file(), 'line\n');
      await delay(1);
    }
    await delay(50);
    controller.abort();
    const chunks = await reading;
    expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()).toBe('line\n'.repeat(100));
    const spaces = chunks.length - 1;
    expect(spaces).toBeLessThan(50);
  });

  it('reads what was written between the last look and the end', async () => {
    await writeFile(file(), '');
    const chunks = await all(
      tailFile(file(), {
        ended: async () => {
          await appendFile(file(), 'late');
          return true;
        },
      }),
    );
    expect(chunks.map(({ bytes }) => bytes.toString())).toEqual(['late']);
  });

  it('reads only when asked', async () => {
    await writeFile(file(), Buffer.alloc(1024 * 1024));
    const tail = tailFile(file(), { ended: () => true, chunkBytes: 1024 });
    await tail.next();
    await truncate(file(), 2048);
    expect((await tail.next()).value?.start).toBe(1024);
    await truncate(file(), 10);
    expect(await codeOf(tail.next())).toBe('DATA_CORRUPT');
  });

  it('ends where the file stood at the call, however fast it grows, unless it had ended: then at its end', async () => {
    const read = async (over: boolean): Promise<string> => {
      await writeFile(file(), 'stood');
      let text = '';
      const tail = tailFile(file(), { ended: () => over, follow: false, chunkBytes: 3 });
      for await (const { bytes } of tail) {
        text += bytes.toString();
        if (text.length < 20) await appendFile(file(), 'grown');
        else if (!over) break;
      }
      return text;
    };
    expect(await read(false)).toBe('stood');
    expect(await read(true)).toMatch(/^stood(grown){4,}$/);
  });

  it('waits for a file that is not there yet, and refuses what is no file', async () => {
    let over = false;
    const reading = all(tailFile(file(), { ended: () => over }));
    await delay(30);
    await writeFile(file('new'), 'x');
    await rename(file('new'), file());
    over = true;
    expect((await reading).length).toBe(1);
    expect(await all(tailFile(file('never'), { ended: () => true }))).toEqual([]);
    await symlink(file(), file('link'));
    expect(await codeOf(all(tailFile(file('link'), { ended: () => true })))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(all(tailFile(dir, { ended: () => true })))).toBe('INVALID_ARGUMENT');
  });
});

describe('jsonFileSource', () => {
  it('gives one batch per line that means something, with the end of the line as cursor', async () => {
    await writeFile(file(), '"a"\n\n"skip"\r\n{"b":1}\n');
    const batches = await all(source());
    expect(batches.map(({ cursor }) => cursor)).toEqual(['4', '21']);
    expect(texts(batches)).toEqual(['1:"a"', '3:{"b":1}']);
  });

  it('continues after every cursor with exactly what came after it', async () => {
    await writeFile(
      file(),
      Array.from({ length: 30 }, (_, index) => (index % 3 === 0 ? '"skip"' : `"v${index}"`)).join('\n'),
    );
    const whole = await all(source({ secrets: ['v11"2:"v'] }));
    expect(whole.length).toBe(20);
    for (const [index, { cursor }] of whole.entries()) {
      expect(await all(source({ after: cursor, secrets: ['v11"2:"v'] }))).toEqual(whole.slice(index + 1));
    }
    expect(whole.at(-1)?.cursor).toMatch(/\+$/);
  });

  it('does not repeat an unfinished last line that was completed later', async () => {
    await writeFile(file(), '"a"\n"b"');
    const first = await all(source());
    await appendFile(file(), '\n"c"\n');
    expect(texts(await all(source({ after: first.at(-1)?.cursor.replace('+', '') ?? '' })))).toEqual(['3:"c"']);
  });

  it('quarantines what it cannot read and goes on', async () => {
    await writeFile(
      file(),
      Buffer.concat([
        Buffer.from('"a"\n{"torn\n'),
        Buffer.from([0xff, 0x1b, 10]),
        Buffer.from(`${'['.repeat(99)}\n"${'x'.repeat(5000)}"\n"z"\n`),
      ]),
    );
    const batches = await all(source({ maxLineBytes: 4500, source: 'wire' }));
    const odd = batches.flatMap(({ events }) => events).filter((event) => event.type === 'output.quarantined');
    expect(odd.map(({ reason, bytes }) => [reason, bytes])).toEqual([
      ['not JSON', 6],
      ['invalid UTF-8', 2],
      ['nested too deeply', 99],
      ['the line is too long', 5002],
    ]);
    expect(odd[1]).toMatchObject({ sample: '\\xff\\x1b', source: 'wire' });
    for (const event of odd) sessionEventSchemas['output.quarantined'].parse(event);
    expect(texts(batches).at(-1)).toBe('2:"z"');
  });

  it('masks secrets in malformed lines as well, across the end of the sample', async () => {
    await writeFile(file(), `{"key":"sk-123456\n${'x'.repeat(995)}sk-123456\n`);
    const events = (await all(source({ secrets: ['sk-123456'] }))).flatMap((batch) => batch.events);
    expect(events.length).toBe(2);
    expect(JSON.stringify(events)).not.toContain('sk-1');
  });

  it('ends without a throw when the reader gives up, and refuses a cursor that is none', async () => {
    await writeFile(file(), '"a"\n');
    const signal = AbortSignal.timeout(50);
    expect(texts(await all(source({ ended: () => false, signal })))).toEqual(['1:"a"']);
    expect(await codeOf(all(source({ after: 'x' })))).toBe('INVALID_ARGUMENT');
  });

  it('asks again after the time that it is told, though nothing changes', async () => {
    await writeFile(file(), '"a"\n');
    let asked = 0;
    const quiet = { signs: new Set<string>(), isDoubtful: () => false, again: () => 10 };
    const ended = Object.assign(() => (asked += 1) > 2, quiet);
    expect(texts(await all(source({ ended })))).toEqual(['1:"a"']);
  });

  it('gives what the translator still holds when the source has ended', async () => {
    await writeFile(file(), '"a"\n');
    const finish = (): SessionEvent[] => [{ type: 'session.closed' }];
    const batches = await all(source({ translator: () => ({ ...counter(), finish }) }));
    expect(batches.at(-1)).toEqual({ cursor: '4+', events: [{ type: 'session.closed' }] });
    expect(await all(source({ after: '4+', translator: () => ({ ...counter(), finish }) }))).toEqual([]);
  });

  it('follows a living run to its end', async () => {
    await using run = await testRun();
    await run.sh('for i in 1 2 3; do echo "$i"; sleep 0.05; done; printf 4');
    const batches = await all(
      jsonFileSource({ path: path.join(run.dir, 'stdout.log'), translator: counter, ended: runEnded(run.handle) }),
    );
    expect(texts(batches)).toEqual(['1:1', '2:2', '3:3', '4:4']);
  });
});

describe('textFileSource', () => {
  const output = (): Translator<{ text: string }> => ({
    translate: ({ text }) => [{ type: 'output.delta', source: 'stdout', text }],
  });
  const text = (after?: string): AsyncGenerator<SourceBatch> =>
    textFileSource({
      path: file(),
      translator: output,
      ended: () => true,
      secrets: ['sk-123456'],
      ...(after === undefined ? {} : { after }),
    });

  it('gives whole characters and continues exactly behind any cursor, in the middle of a character or a secret too', async () => {
    const content = 'grüße \u{1F600} sk-123456 ende sk-123';
    const bytes = Buffer.from(content);
    await writeFile(file(), bytes);
    const whole = texts(await all(text())).join('');
    expect(whole).toBe('grüße \u{1F600} *** ende sk-123');
    for (let cut = 1; cut < bytes.length; cut += 1) {
      await writeFile(file(), bytes.subarray(0, cut));
      let before = '';
      let cursor = '0';
      for (const batch of await all(text())) {
        if (batch.cursor.endsWith('+')) continue; // the end of the source, which a reader that was killed never saw
        before += texts([batch]).join('');
        cursor = batch.cursor;
      }
      await writeFile(file(), bytes);
      expect(before + texts(await all(text(cursor))).join('')).toBe(whole);
    }
  });
});

describe('mergeSources', () => {
  const open = (name: string) => (after: string | undefined, signal: AbortSignal) =>
    textFileSource({
      path: file(name),
      translator: () => ({
        translate: ({ text }) => [{ type: 'output.delta', source: name === 'err' ? 'stderr' : 'stdout', text }],
      }),
      ended: () => true,
      signal,
      ...(after === undefined ? {} : { after }),
    });

  it('gives all of each, and continues each behind a cursor', async () => {
    await writeFile(file('out'), 'to out');
    await writeFile(file('err'), 'to err');
    const sources = { out: open('out'), err: open('err') };
    const first = await all(mergeSources(sources));
    expect(texts(first).sort()).toEqual(['to err', 'to out']);
    await appendFile(file('err'), ' more');
    const after = first.at(-1)?.cursor ?? '';
    expect(texts(await all(mergeSources(sources, { after })))).toEqual([' more']);
    expect(await codeOf(all(mergeSources(sources, { after: 'nobody=3' })))).toBe('INVALID_ARGUMENT');
  });

  it('keeps nothing of what was read, however long another source is silent', async () => {
    const silent = (_after: string | undefined, signal: AbortSignal): AsyncIterable<SourceBatch> =>
      (async function* wait() {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        yield* [];
      })();
    const read: WeakRef<object>[] = [];
    const flood = async function* (): AsyncGenerator<SourceBatch> {
      for (let at = 0; ; at += 1) yield { cursor: String(at), events: [] };
    };
    for await (const batch of mergeSources({ flood, silent })) {
      read.push(new WeakRef(batch.events));
      if (read.length === 100) break;
      if (read.length === 99) {
        await delay(0);
        collectGarbage();
        expect(read.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
      }
    }
  });

  it('throws what a source throws, and closes the others', async () => {
    let closed = false;
    const endless = (_after: string | undefined, signal: AbortSignal): AsyncIterable<SourceBatch> =>
      (async function* wait() {
        try {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          yield* [];
        } finally {
          closed = true;
        }
      })();
    expect(
      await codeOf(
        all(
          mergeSources({
            bad: (_, signal) => jsonFileSource({ path: dir, translator: counter, ended: () => true, signal }),
            endless,
          }),
        ),
      ),
    ).toBe('INVALID_ARGUMENT');
    expect(closed).toBe(true);
  });
});
