const placeholder = '[redacted]';

/** Replaces the secrets in the pieces of one text, also those that are cut in two. Empty pieces are left out. */
export function redactPieces(pieces: readonly string[], secrets: readonly string[]): readonly string[] {
  const sought = secrets.filter((secret) => secret !== '').sort((a, b) => b.length - a.length);
  if (sought.length === 0) return pieces.filter((piece) => piece !== '');
  const whole = pieces.join('');
  const kept: string[] = [];
  let hiddenUntil = 0;
  let at = 0;
  for (const piece of pieces) {
    let text = '';
    for (const end = at + piece.length; at < end; at += 1) {
      if (at < hiddenUntil) continue;
      const secret = sought.find((each) => whole.startsWith(each, at));
      if (secret) hiddenUntil = at + secret.length;
      text += secret ? placeholder : (whole[at] ?? '');
    }
    if (text !== '') kept.push(text);
  }
  return kept;
}
