import mime from 'mime/lite';

/** By the name's extension; `application/octet-stream` where that says nothing. */
export const mediaTypeOf = (name: string): string => mime.getType(name) ?? 'application/octet-stream';
