/**
 * What every artifact store must do: a sentence, and the words of the contract that ask for it, as they stand in
 * `ArtifactStore` of `@runtime/contracts/artifacts` and what belongs to it.
 */
export const artifactStoreRequirements = {
  'put.round-trip': [
    'gives back the bytes of a content of any size, by the digest of SHA-256',
    'SHA-256 of the bytes: 64 hex digits, in lower case.',
  ],
  'put.chunks': ['stores the same content whatever its chunks are', 'Chunks are asked for one at a time'],
  'put.reused-buffer': [
    'takes the bytes of a chunk before it asks for the next one',
    'source may use its buffer again',
  ],
  'put.once': ['stores the same bytes once', 'the same bytes are stored once'],
  'put.at-once': ['stores the same bytes once when they come at the same time', 'the same bytes are stored once'],
  'put.many': ['stores many contents that come at the same time', 'Stores the bytes of the source'],
  'put.max-bytes': ['refuses a source with more than maxBytes, and leaves it', 'is refused with EXHAUSTED'],
  'put.source-throws': ['throws what the source threw, and stores nothing', 'what the source threw'],
  'put.no-bytes': ['refuses a chunk that is not bytes', 'INVALID_ARGUMENT for a chunk that is no Uint8Array'],
  'put.signal': ['stops waiting for a source that says nothing when the signal aborts', 'CANCELLED'],
  'stat.size': ['knows the length of a content, and that there is none', 'Undefined when there is no such content.'],
  'read.ranges': ['reads any part of a content', 'The bytes from `start` to `end`'],
  'read.beyond': [
    'refuses a start beyond the end, and leaves out what an end beyond it asks for',
    'INVALID_ARGUMENT for a `start` beyond the end of the content',
  ],
  'read.missing': ['throws NOT_FOUND for a digest of nothing', 'Throws NOT_FOUND'],
  'read.no-digest': ['refuses text that is no digest', '64 hex digits'],
  'read.own': ["gives chunks that are the reader's own", "in chunks that are the reader's own"],
  'read.left': ['can be left at any chunk', 'in chunks'],
  'read.signal': ['ends with CANCELLED when the signal aborts', 'Ends this call'],
  'contents.each': ['names every content once', 'Every content that is there now, each once'],
  'remove.gone': ['removes contents, and says which', 'resolves with those that it removed'],
  'remove.held': ['leaves what a put holds, until it is disposed of', 'until this is disposed of'],
  'remove.kept': ['leaves what the caller says stays, and asks about nothing else', '`isKept` says stays'],
  'remove.others': ['leaves every other content as it is', 'Removes these contents'],
  'remove.again': ['stores a removed content anew', 'a later `put` stores it anew'],
  'remove.beside-put': ['never takes what is being put at the same time', 'not what a `put` holds or is storing'],
  'close.waits': ['waits for what is under way', 'Waits for what is under way'],
  'close.after': ['refuses every call after it was closed', 'every later call is refused with UNAVAILABLE'],
  'close.repeatable': ['can be closed again', 'Repeatable.'],
  'reopen.contents': ['has every content after it was opened again', 'is durable when it resolves'],
  'reopen.removed': ['has no removed content after it was opened again', 'A content is whole or gone'],
} as const satisfies Record<string, readonly [behaviour: string, source: string]>;

/** The id of a requirement: the part of the contract, and what is asked of it. */
export type ArtifactStoreRequirement = keyof typeof artifactStoreRequirements;
