/** The length of the `huge` scenario: longer than one event may be, so that the adapter has to split the text. */
export const hugeChars = 600_000;

/** The text of the `unicode` scenario: line separators that end no line, characters of two, three and four bytes. */
export const unicodeText = 'a\u2028b\u2029c\u0085d é ß 漢字 😀 👩\u200d💻 \ufeff end';

/** The environment variable whose value the `secret` scenario prints. */
export const secretVariable = 'CONFORMANCE_SECRET';

/**
 * What the agent behind the adapter does with its first instruction. It answers a later instruction as in `hello`,
 * unless the scenario says otherwise. "Says" means an assistant message where events are structured, else text on
 * stdout or on the screen. "Rests" means that the turn ends; a one-shot command exits with 0.
 */
export const scenarios = {
  hello: 'Says `hello, world` in at least two pieces, then rests.',
  gate: 'Says `before`, waits until the file `ctx.gate` exists, says `after`, then rests.',
  silent: 'Says nothing and rests.',
  unicode: 'Says `unicodeText`, cut into writes in the middle of characters where it writes bytes, then rests.',
  huge: 'Says `hugeChars` times the letter `x` without a line end, then ` end`, then rests.',
  malformed:
    'Writes something that is not a record of its protocol (for raw output: bytes that are not UTF-8), says `still here`, then rests.',
  secret:
    'Says `token=`, then the value of `secretVariable`, cut into two writes in its middle, then ` given`, then rests.',
  tool: 'Calls a tool that succeeds, says `done`, then rests. For structured events.',
  pauses:
    'Has a call of its model fail and repeats it, then compacts its context, where its backend does and reports such things by itself; says `done`, then rests. For structured events.',
  approval:
    'Asks for an approval with a choice to allow and one to deny; says `allowed` or `denied`, then rests. For approvals.',
  recall: 'Answers every instruction with the texts of all instructions of the conversation so far. For resume.',
  exitCode: 'Says `failing`, then its process exits with 7.',
  crash: 'Says `last words`, then kills its own process with SIGKILL.',
  ignoresTerm: 'Ignores SIGTERM, SIGINT, SIGHUP and the end of its input; says `ready` and goes on until killed.',
  leavesChildren:
    'Starts a child in a session of its own and a double-forked one, both deaf to SIGTERM; says `ready` once both run, and goes on until killed.',
  clearsEnvironment:
    'Starts a child without any environment but PATH in its own session, deaf to SIGTERM, which writes its pid into `ctx.child`; says `ready` once it has, and goes on until killed.',
  floods: 'Says `hugeChars` times the letter `x`, and goes on until killed.',
} as const;

/** The name of a scenario. */
export type ScenarioName = keyof typeof scenarios;
