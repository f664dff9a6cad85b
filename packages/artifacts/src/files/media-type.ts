import mime from 'mime/lite';

/** What the registered types say of these is nothing that an agent makes: MPEG transport streams, resource lists. */
const ofAgents: ReadonlyMap<string, string> = new Map([
  ['ts', 'text/typescript'],
  ['mts', 'text/typescript'],
  ['cts', 'text/typescript'],
  ['tsx', 'text/typescript'],
  ['rs', 'text/rust'],
]);

/** By the name's extension; `application/octet-stream` where that says nothing. */
export const mediaTypeOf = (name: string): string =>
  ofAgents.get(/\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? '') ?? mime.getType(name) ?? 'application/octet-stream';
