const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * True for JSON, as text or as its UTF-8 bytes, in which arrays and objects nest deeper than `maxDepth`. Counts brackets
 * outside strings in one pass, without recursion, and stops at the first that is too deep: for every edge, *before*
 * `JSON.parse`, which takes seconds for megabytes of brackets and returns what overflows the stack of code that walks it.
 * Says nothing about whether the text is JSON.
 */
export function jsonDepthExceeds(json: string | Uint8Array, maxDepth: number): boolean {
  if (json.length <= maxDepth) return false;
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    const code = codeAt(json, at);
    if (code === quote) at = endOfString(json, at);
    else if (code === openBrace || code === openBracket) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === closeBrace || code === closeBracket) depth -= 1;
  }
  return false;
}

/**
 * True for JSON, as its UTF-8 bytes, that holds more than `most` keys and values, by the commas and opening brackets
 * outside its strings: what a schema, which looks at each of them, would take long for. One pass, as `jsonDepthExceeds`.
 */
export function jsonMembersExceed(json: Uint8Array, most: number): boolean {
  if (json.length <= most) return false;
  let members = 0;
  for (let at = 0; at < json.length; at += 1) {
    const code = json[at];
    if (code === quote) at = endOfString(json, at);
    else if (code === comma || code === openBrace || code === openBracket) {
      members += 1;
      if (members > most) return true;
    }
  }
  return false;
}

function endOfString(json: string | Uint8Array, open: number): number {
  for (let at = open + 1; at < json.length; at += 1) {
    const code = codeAt(json, at);
    if (code === backslash) at += 1;
    else if (code === quote) return at;
  }
  return json.length;
}

/** No unit of a character outside ASCII, in UTF-16 or UTF-8, looks like one of the six. */
function codeAt(json: string | Uint8Array, at: number): number | undefined {
  return typeof json === 'string' ? json.charCodeAt(at) : json[at];
}
