import { resolve } from 'node:path';
import type { ReadContentOptions } from '@runtime/contracts/artifacts';
import type {
  ActOptions,
  ArtifactSource,
  CallOptions,
  EventsOptions,
  LeaveOptions,
  ListOptions,
  PutArtifactOptions,
  RemoveOptions,
  RuntimesOptions,
  SubmitRequest,
  WaitOptions,
} from '@runtime/contracts';

type Params = Readonly<Record<string, unknown>>;

/** What a call over a channel takes besides its parameters. */
export const callOptions = ({ signal }: CallOptions): CallOptions => (signal ? { signal } : {});

export const listParams = ({ status, limit, idPart, workspace, labels, after }: ListOptions): Params =>
  defined({ status: status && [...status], limit, idPart, workspace, labels, after });

export const eventsParams = ({ after, follow, waitingRunId, types }: EventsOptions): Params =>
  defined({ after, follow, waitingRunId, types: types && [...types] });

/** A relative file is meant from the caller's directory. What is neither bytes nor a file is left to the plane to refuse. */
export function putParams(source: ArtifactSource, { mediaType }: PutArtifactOptions): Params {
  if (source instanceof Uint8Array) return defined({ base64: Buffer.from(source).toString('base64'), mediaType });
  const { file }: { readonly file?: unknown } = source ?? {};
  return defined({ file: typeof file === 'string' && file !== '' ? resolve(file) : file, mediaType });
}

export const readParams = ({ start, end }: ReadContentOptions): Params => defined({ start, end });

export const waitParams = ({ waitingRunId }: WaitOptions): Params => defined({ waitingRunId });

export const leaveParams = ({ by, why, successor }: LeaveOptions): Params => defined({ by, why, successor });

export const actParams = ({ by, why }: ActOptions): Params => defined({ by, why });

export const removeParams = ({ by, why, dryRun }: RemoveOptions): Params => defined({ by, why, dryRun });

export const runtimesParams = ({ refresh, definitions, environment }: RuntimesOptions): Params =>
  defined({ refresh, definitions, environment });

/**
 * A relative workspace, or none, is meant from the caller's directory, not from the owner's. What is no path at all is
 * left to the plane to refuse.
 */
export function submitParams(request: SubmitRequest): Params {
  const { workspace }: { readonly workspace?: unknown } = request ?? {};
  if (workspace === undefined) return { ...request, workspace: resolve('.') };
  if (isGit(workspace)) return { ...request, workspace: { ...workspace, git: resolve(workspace.git) } };
  return typeof workspace === 'string' && workspace !== ''
    ? { ...request, workspace: resolve(workspace) }
    : { ...request };
}

const isGit = (workspace: unknown): workspace is { readonly git: string } =>
  typeof workspace === 'object' &&
  workspace !== null &&
  'git' in workspace &&
  typeof workspace.git === 'string' &&
  workspace.git !== '';

/** Without the fields that are undefined: the plane refuses an unknown value, and JSON has none for it. */
function defined(params: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}
