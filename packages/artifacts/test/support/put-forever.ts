// Opens the store in the directory of its first argument, and stores and removes contents without an end. Prints a line
// for everything: `open`, `stored <digest>`, `removing <digest>`.
import { bytesOf, putAndLetGo, sha256Of } from '@runtime/conformance/artifact-store';
import { openArtifactStore } from '../../src/index.ts';

const [dir = '', first = '0'] = process.argv.slice(2);
const store = await openArtifactStore({ dir });
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
say('open');
const lengthOf = (seed: number): number => (seed % 9 === 0 ? 100_000 + seed : 50 + seed);
for (let seed = Number(first); ; seed += 5) {
  const seeds = [0, 1, 2, 3, 4].map((more) => seed + more);
  for (const sha256 of await Promise.all(seeds.map((each) => putAndLetGo(store, bytesOf(each, lengthOf(each))))))
    say(`stored ${sha256}`);
  if (seed % 3 !== 0) continue;
  const gone = seeds.slice(0, 2).map((each) => sha256Of(bytesOf(each, lengthOf(each))));
  for (const sha256 of gone) say(`removing ${sha256}`);
  await store.remove(gone);
}
