import assert from 'node:assert/strict';

/** A browser, or whoever else reads the events of a task over HTTP. */
export class Reader {
  /** Of the events so far, in their order. */
  readonly ids: string[] = [];
  /** What the agent printed so far. */
  output = '';
  /** How often it had to connect. */
  connections = 0;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  #waiting: { readonly events: number; readonly resolve: () => void }[] = [];
  #connection = new AbortController();

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.#url = url;
    this.#headers = headers;
  }

  /** Reads up to the end of the task. A connection that broke is made again, after the last event. */
  async read(): Promise<void> {
    for (;;) {
      this.#connection = new AbortController();
      this.connections += 1;
      try {
        return await this.#readOnce(this.#connection.signal);
      } catch (error) {
        if (!this.#connection.signal.aborted) throw error;
      }
    }
  }

  /** Breaks the connection, as a network does. */
  breakOff(): void {
    this.#connection.abort();
  }

  /** Resolves once so many more events have come. */
  more(events: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ events: this.ids.length + events, resolve });
    });
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    const last = this.ids.at(-1);
    const headers = { ...this.#headers, ...(last === undefined ? {} : { 'last-event-id': last }) };
    const response = await fetch(this.#url, { headers, signal });
    assert.equal(response.status, 200);
    assert.ok(response.body);
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const messages = (rest + text).split('\n\n');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#take(message);
    }
    assert.equal(rest, '', 'the stream ends after a whole event');
  }

  #take(message: string): void {
    const [, id = '', data = ''] = /^id: (.*)\ndata: (.*)$/.exec(message) ?? [];
    const event = JSON.parse(data) as { readonly type: string; readonly source?: string; readonly text?: string };
    this.ids.push(id);
    if (event.type === 'output.delta' && event.source === 'stdout') this.output += event.text;
    for (const { events, resolve } of this.#waiting) if (this.ids.length >= events) resolve();
    this.#waiting = this.#waiting.filter(({ events }) => this.ids.length < events);
  }
}
