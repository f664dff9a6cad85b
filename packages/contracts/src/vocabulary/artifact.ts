import { z } from 'zod';
import { AgentRuntimeError } from '../base/errors.ts';
import { idSchema } from '../base/ids.ts';

const contentHost = 'sha256';
const digest = /^[0-9a-f]{64}$/;
/** A relative path of plain segments: no `..`, no empty segment, no control characters, no backslash. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f\\]/;
/** A surrogate by itself: no URI and no file name can hold it. */
const halfCharacter = /\p{Surrogate}/u;

/** The name of an artifact: a relative path of at most 1024 characters. It cannot name anything outside a directory. */
export const artifactNameSchema = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (name) =>
      !forbidden.test(name) &&
      !halfCharacter.test(name) &&
      name.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'an artifact name is a relative path without "..", empty segments or control characters',
  );

/** Bytes with a digest, a name, a media type and the run that made them. */
export const artifactRefSchema = z.object({
  name: artifactNameSchema,
  sha256: z.string().regex(digest),
  bytes: z.int().min(0),
  mediaType: z.string().max(200),
});
export type ArtifactRef = z.infer<typeof artifactRefSchema>;

/**
 * Where an artifact comes from. `deliverable`: a file of the workspace that the task was to deliver. `message`: the text
 * of the last message of a run. `check`: what a check printed. `worktree`: the changes in the worktree of the task, as a patch.
 * `tool`: a file that a tool of the agent wrote in the workspace, or in which it left an output that its event has cut. `put`: handed in while the task was open.
 */
export const artifactOriginSchema = z.enum(['deliverable', 'message', 'check', 'tool', 'put', 'worktree']);
export type ArtifactOrigin = z.infer<typeof artifactOriginSchema>;

/** Why something did not become an artifact. */
export const refusalReasonSchema = z.enum([
  /** It is a symbolic link, or reached through one. */
  'link',
  /** It has another name, perhaps outside of the directory. */
  'hard_link',
  /** A directory, a FIFO, a socket, a device. */
  'no_file',
  /** No artifact can be called that. */
  'name',
  /** Another one differs from it in case or Unicode form only: on some disks they are the same file. */
  'same_name',
  /** It was written or replaced each time that it was read. */
  'changing',
  'too_large',
  'too_many',
  'unreadable',
  /** A file of the agent's work that does not lie in the workspace. */
  'outside',
  /** The store failed. */
  'unstored',
]);
export type RefusalReason = z.infer<typeof refusalReasonSchema>;

/** `artifact://<taskId>/<name>` for people, `artifact://sha256/<hex>` for content. */
export type ArtifactUri =
  | { readonly kind: 'name'; readonly taskId: string; readonly name: string }
  | { readonly kind: 'content'; readonly sha256: string };

/** Formats a URI that `parseArtifactUri` reads back. Throws INVALID_ARGUMENT for parts that cannot be read back. */
export function formatArtifactUri(uri: ArtifactUri): string {
  const ok =
    uri.kind === 'content'
      ? digest.test(uri.sha256)
      : uri.taskId !== contentHost &&
        idSchema.safeParse(uri.taskId).success &&
        artifactNameSchema.safeParse(uri.name).success;
  if (!ok)
    throw new AgentRuntimeError('INVALID_ARGUMENT', `no artifact can be called ${JSON.stringify(uri).slice(0, 200)}`);
  if (uri.kind === 'content') return `artifact://${contentHost}/${uri.sha256}`;
  return `artifact://${uri.taskId}/${uri.name.split('/').map(encodeURIComponent).join('/')}`;
}

/** Parses an artifact URI. Throws INVALID_ARGUMENT for text that could name anything outside the store. */
export function parseArtifactUri(text: string): ArtifactUri {
  const refuse = (why: string) =>
    new AgentRuntimeError('INVALID_ARGUMENT', `not an artifact URI (${why}): ${JSON.stringify(text.slice(0, 200))}`, {
      hint: 'write artifact://<taskId>/<name> or artifact://sha256/<64 hex digits>',
    });
  const match = /^artifact:\/\/([a-z0-9-]+)\/(.+)$/.exec(text);
  if (!match) throw refuse('form');
  const [, host = '', path = ''] = match;
  if (host === contentHost) {
    if (!digest.test(path)) throw refuse('digest');
    return { kind: 'content', sha256: path };
  }
  if (!idSchema.safeParse(host).success) throw refuse('task id');
  let name: string;
  try {
    name = path.split('/').map(decodeURIComponent).join('/');
  } catch (cause) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'not an artifact URI (encoding)', { cause });
  }
  if (!artifactNameSchema.safeParse(name).success || name.split('/').length !== path.split('/').length)
    throw refuse('name');
  return { kind: 'name', taskId: host, name };
}
