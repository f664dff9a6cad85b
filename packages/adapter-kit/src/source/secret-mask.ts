/** Shorter values are words of the language before they are secrets. */
const minSecretChars = 6;

/** The secrets to look for, prepared once. */
export class SecretMask {
  readonly secrets: readonly string[];
  /** First UTF-16 units of all secrets: where none of them stands nothing can begin. */
  readonly firstUnits: ReadonlySet<number>;
  readonly longest: number;
  readonly #bytes: readonly Buffer[];

  constructor(secrets: readonly string[]) {
    // A key of several lines is also looked for line by line: a terminal or a log indents it.
    const parts = secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]);
    this.secrets = [...new Set(parts)].filter((secret) => secret.length >= minSecretChars);
    this.firstUnits = new Set(this.secrets.map((secret) => secret.charCodeAt(0)));
    this.longest = Math.max(0, ...this.secrets.map((secret) => secret.length));
    this.#bytes = this.secrets.map((secret) => Buffer.from(secret));
  }

  get isEmpty(): boolean {
    return this.secrets.length === 0;
  }

  /** Same-length masking. */
  bytes(bytes: Buffer): Buffer {
    let masked: Buffer | undefined;
    for (const secret of this.#bytes) {
      for (let at = bytes.indexOf(secret); at !== -1; at = bytes.indexOf(secret, at + 1)) {
        masked ??= Buffer.from(bytes);
        masked.fill('*', at, at + secret.length);
      }
    }
    return masked ?? bytes;
  }

  /** Where the earliest end of `text` begins that could grow into a secret; the text's length when there is none. */
  pendingFrom(text: string): number {
    for (let at = Math.max(0, text.length - this.longest + 1); at < text.length; at += 1) {
      if (!this.firstUnits.has(text.charCodeAt(at))) continue;
      const end = text.slice(at);
      if (this.secrets.some((secret) => secret.length > end.length && secret.startsWith(end))) return at;
    }
    return text.length;
  }
}
