import { hash } from 'node:crypto';
import type { Content } from '@runtime/contracts/artifacts';
import type { ContentTable, Place } from './content-table.ts';
import type { Digest } from './format/pack-format.ts';
import { ifThere } from './fs/files.ts';
import type { LooseFiles } from './loose/loose-files.ts';
import type { Packs } from './packs/packs.ts';
import type { PackWriter } from './packs/pack-writer.ts';

/** So many contents are moved from one pack to another at a time: at most 16 MiB. */
const movedAtOnce = 256;
/** Packs of fewer bytes are joined while others are written anew. */
const smallPackBytes = 1024 * 1024;

interface RemovalParts {
  readonly table: ContentTable;
  readonly packs: Packs;
  readonly loose: LooseFiles;
  readonly writer: PackWriter;
  /** Somebody holds or is storing it, or it is to stay. */
  readonly isKept: (sha256: string) => boolean;
  readonly whileBusy: (sha256: string, work: () => Promise<void>) => Promise<void>;
  readonly contentAt: (sha256: string, place: Place) => Promise<Content | undefined>;
}

interface Victim {
  readonly content: Content;
  readonly digest: Digest;
  readonly place: Place;
}

type Packed = Extract<Place, { kind: 'packed' }>;

/**
 * Removes contents. From the moment at which one is not in the table, a put stores it anew; what was read before that
 * is read to its end. A pack is written anew without what goes: what stays is durable in another pack before the pack
 * is removed, so that a crash leaves it in both.
 */
export async function removeContents(wanted: ReadonlyMap<string, Digest>, parts: RemovalParts): Promise<Content[]> {
  const { table, isKept } = parts;
  const known: { readonly content: Content; readonly digest: Digest }[] = [];
  for (const [sha256, digest] of wanted) {
    const place = table.get(digest);
    const content = place && (await parts.contentAt(sha256, place));
    if (content) known.push({ content, digest });
  }
  // From the look at who keeps it until it is busy, nothing is awaited.
  const victims = known.flatMap(({ content, digest }) => {
    const place = isKept(content.sha256) ? undefined : table.get(digest);
    if (!place) return [];
    table.delete(digest);
    return [{ content, digest, place }];
  });
  const loose = victims.filter(({ place }) => place.kind === 'loose');
  const packed = victims.filter(({ place }) => place.kind === 'packed');
  const results = await Promise.allSettled([
    ...loose.map((victim) => removeLoose(victim, parts)),
    ...(packed.length > 0 ? [removePacked(packed, parts)] : []),
  ]);
  const removed = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return removed;
}

function removeLoose(victim: Victim, { table, loose, whileBusy, contentAt }: RemovalParts): Promise<Content[]> {
  const { content, place } = victim;
  const remove = async (): Promise<void> => {
    try {
      await loose.remove(content.sha256);
    } catch (error) {
      // It may be gone all the same, only not durably.
      if (await contentAt(content.sha256, place).catch(() => undefined)) putBack(victim, table);
      throw error;
    }
  };
  return whileBusy(content.sha256, remove).then(() => [content]);
}

async function removePacked(victims: readonly Victim[], parts: RemovalParts): Promise<Content[]> {
  const { table, packs, writer } = parts;
  const inPack = new Map<number, Victim[]>();
  for (const victim of victims) {
    if (victim.place.kind !== 'packed') continue;
    const known = inPack.get(victim.place.pack);
    if (known) known.push(victim);
    else inPack.set(victim.place.pack, [victim]);
  }
  // What stays goes into a pack that stays, and what was put into those before is in the table.
  await writer.seal().catch((error: unknown) => {
    for (const victim of victims) putBack(victim, table);
    throw error;
  });
  const staying = stayingIn(table);
  const current = writer.current === undefined ? undefined : packs.numberOf(writer.current);
  for (const [pack, digests] of staying) {
    const bytes = digests.reduce((sum, digest) => sum + (packedAt(table, digest, pack)?.bytes ?? 0), 0);
    if (!inPack.has(pack) && pack !== current && bytes < smallPackBytes) inPack.set(pack, []);
  }
  const removed: Content[] = [];
  try {
    for (const [pack, gone] of inPack) {
      // It stays for what of it cannot be read.
      if (!(await moveAll(pack, staying.get(pack) ?? [], parts))) continue;
      await packs.remove(pack);
      removed.push(...gone.map(({ content }) => content));
    }
  } finally {
    for (const [pack, gone] of inPack) if (packs.knows(pack)) for (const victim of gone) putBack(victim, table);
  }
  return removed;
}

/** It is still there, unless it was stored anew meanwhile. */
function putBack({ digest, place }: Victim, table: ContentTable): void {
  if (!table.get(digest)) table.set(digest, place);
}

/** What lies in each pack. */
function stayingIn(table: ContentTable): Map<number, Digest[]> {
  const staying = new Map<number, Digest[]>();
  for (const digest of table.digests()) {
    const place = table.get(digest);
    if (place?.kind !== 'packed') continue;
    const known = staying.get(place.pack);
    if (known) known.push(digest);
    else staying.set(place.pack, [digest]);
  }
  return staying;
}

function packedAt(table: ContentTable, digest: Digest, pack: number): Packed | undefined {
  const place = table.get(digest);
  return place?.kind === 'packed' && place.pack === pack ? place : undefined;
}

/** False when one of them is not what it was: then those before it lie in another pack, and this one stays. */
async function moveAll(
  pack: number,
  digests: readonly Digest[],
  { table, packs, writer }: RemovalParts,
): Promise<boolean> {
  const move = async (digest: Digest): Promise<boolean> => {
    const place = packedAt(table, digest, pack);
    if (!place) return true;
    const bytes = await ifThere(packs.read(pack, place.offset, place.bytes));
    if (!bytes || !hash('sha256', bytes, 'buffer').equals(digest)) return false;
    // Not to the pack that is removed: it was sealed before.
    await writer.add(digest, bytes);
    return true;
  };
  for (let at = 0; at < digests.length; at += movedAtOnce) {
    const moved = await Promise.all(digests.slice(at, at + movedAtOnce).map(move));
    if (moved.includes(false)) return false;
  }
  return true;
}
