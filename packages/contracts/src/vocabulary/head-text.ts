const readChars = 2000;

/**
 * The beginning of an error text, 2000 characters, as its words are looked for: in one line, since terminals break them
 * anywhere, and without the escapes of JSON that is quoted in JSON.
 */
export function headText(text: string): string {
  return text
    .slice(0, readChars)
    .replaceAll(/\\+(["'])/g, '$1')
    .replaceAll(/(?:\\n|\s)+/g, ' ');
}
