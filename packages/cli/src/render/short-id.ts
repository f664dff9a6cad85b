const shortLength = 6;

/** Ids that end with a ULID, whose first ten characters are the time and whose last sixteen are random. */
const endsWithUlid = /(?:^|-)[0-9a-hjkmnp-tv-z]{26}$/;

/** A text with the short forms of the ids of tasks in it, as `shortId` makes them. */
export function withShortIds(text: string, among: readonly string[] = []): string {
  return text.replaceAll(/\btask-[0-9a-hjkmnp-tv-z]{26}\b/g, (id) => shortId(id, among));
}

/**
 * The end of an id by which people name it: six characters, more where one of `among` ends like it. An id that does not
 * end with random characters is shown whole.
 */
export function shortId(id: string, among: readonly string[] = []): string {
  if (!endsWithUlid.test(id)) return id;
  for (let length = shortLength; length < id.length; length += 1) {
    const end = id.slice(-length);
    if (!among.some((other) => other !== id && other.endsWith(end))) return end;
  }
  return id;
}
