/** A rule of the contract that every adapter must keep. */
export interface Requirement {
  /** The title of its test, after the name of the adapter. */
  readonly behaviour: string;
  /** The source of the rule: a file of `packages/contracts/src` and words that a test holds to be in it. */
  readonly source: readonly [file: string, quote: string];
}

const adapter = (quote: string): readonly [string, string] => ['adapter/runtime-adapter.ts', quote];
const capability = (quote: string): readonly [string, string] => ['vocabulary/capabilities.ts', quote];
const beyond = capability('A call beyond it throws UNSUPPORTED.');

/** What the suite verifies, by id. Ids are stable, because `knownFailures` of third parties name them. */
export const requirements = {
  'adapter.tagged': {
    behaviour: 'is a plain object with the spec version and an id by which targets can name it',
    source: adapter("The runtime's id, by which targets name it."),
  },
  'probe.available': {
    behaviour:
      'finds its backend, with a version and capabilities that parse, within 20 s, and leaves no process of a run',
    source: adapter('Answers within 20 s'),
  },
  'probe.repeatable': {
    behaviour: 'probes again with the same answer',
    source: adapter('opens no session and calls no model'),
  },
  'probe.unavailable': {
    behaviour: 'answers Unavailable, with a reason and a hint, for a backend that is not there',
    source: adapter('Never throws for a backend that is not there: that is `Unavailable`.'),
  },
  'probe.environment': {
    behaviour: 'looks its program up on the PATH of the environment that it is asked about, and nowhere else',
    source: adapter('a program without a path is looked up on this PATH'),
  },
  'start.once': {
    behaviour: 'starts a handle once: of two starts at the same time one is CONFLICT, and so is every later one',
    source: adapter('exactly once for a handle: a second start of the same handle is CONFLICT.'),
  },
  'start.aborted': {
    behaviour: 'throws CANCELLED and leaves no process when the signal is aborted before the start',
    source: adapter('After a throw no process of the run may be left'),
  },
  'start.aborted-midway': {
    behaviour: 'leaves no process when the signal is aborted during the start, unless the run has started',
    source: adapter('Aborting `signal` ends the waiting and what was begun.'),
  },
  'start.instruction': {
    behaviour: 'delivers the first instruction to the agent once and byte for byte',
    source: adapter('once the process has its instruction'),
  },
  'start.environment': {
    behaviour: 'gives the agent exactly the environment of the launch, with the marker, and nothing of ours',
    source: adapter("The complete environment of the agent, with the run's marker. Nothing else is inherited."),
  },
  'session.final': {
    behaviour: 'keeps the capabilities of a session as they were at its start, and they are those of the probe',
    source: adapter('Final: nothing changes them after the session was handed out.'),
  },
  'events.valid': {
    behaviour: 'reports nothing but valid events, with cursors of at most 500 characters',
    source: adapter('At most 500 characters.'),
  },
  'events.order': {
    behaviour: 'reports events only where the table of events allows them, in every scenario',
    source: ['fold/event-rules.ts', 'What must be so before an event may be appended'],
  },
  'events.turns': {
    behaviour: 'ends every turn exactly once, under its own id, also when the process dies in the middle',
    source: ['fold/event-rules.ts', 'its turn.started'],
  },
  'events.evidence': {
    behaviour: 'reports what became of the first instruction',
    source: adapter('the evidence of what became of it comes as `instruction.*` events'),
  },
  'events.whole-messages': {
    behaviour: 'completes a message with the text of its joined deltas',
    source: ['events/session-events.ts', 'Equal to the joined `text.delta` of this message'],
  },
  'events.complete': {
    behaviour: 'ends by itself, after everything that the process left was read',
    source: adapter('ends by itself once the process ended and everything it left was read'),
  },
  'events.replay': {
    behaviour: 'replays the same events after every cursor, in another session too',
    source: adapter('After `after` a replay gives the very same events.'),
  },
  'events.one-reader': {
    behaviour: 'refuses a second reader with CONFLICT, and takes a new one when the first has left',
    source: adapter('At most one reader at a time (CONFLICT).'),
  },
  'events.aborted': {
    behaviour: 'ends the iteration without a throw when its signal is aborted, and the agent goes on',
    source: adapter('Aborting `signal` ends the iteration without a throw.'),
  },
  'events.stand': {
    behaviour: 'reads to where its source stands and ends there, where it is not to follow, and goes on after that',
    source: adapter('With `follow: false` it ends where the source stands now'),
  },
  'events.unread': {
    behaviour: 'does not slow the agent while no reader reads',
    source: adapter('The source is a file that outlives us: a slow reader slows neither the agent nor the plane.'),
  },
  'events.pauses': {
    behaviour: 'ends every retry and compaction of its backend that it reports, before their turn ends',
    source: ['events/session-events.ts', 'Whatever starts ends before its turn'],
  },
  'events.silence': {
    behaviour: 'reports a turn in which the agent says nothing',
    source: adapter('What happens, in order, from the first record or after `after`'),
  },
  'events.unicode': {
    behaviour: 'keeps text exactly: line separators, characters of several bytes, wherever they are cut',
    source: adapter('The events of one record of the source. They are appended atomically'),
  },
  'events.huge': {
    behaviour: 'splits text that is longer than an event may be, and loses nothing of it',
    source: ['events/session-events.ts', 'Longer deltas are split by the adapter'],
  },
  'events.malformed': {
    behaviour: 'quarantines what it cannot read and goes on with what follows',
    source: ['events/session-events.ts', 'The raw file keeps the rest.'],
  },
  'events.secrets': {
    behaviour: 'reports no secret, even when it was written in two pieces, and not after a recovery',
    source: adapter('values that must not appear in events.'),
  },
  'output.disk-cap': {
    behaviour: 'ends the events of a run that writes more than its launch allows, in a turn that did not succeed',
    source: adapter('do not grow far beyond this, whether an owner lives or not, and ends the events there'),
  },
  'exit.code': {
    behaviour: 'reports the exit code as it was seen, and a turn that did not succeed',
    source: adapter('with the exit as it was seen'),
  },
  'exit.signal': {
    behaviour: 'reports the signal that killed the agent, and invents no code',
    source: ['vocabulary/handle.ts', 'Nobody invents a code.'],
  },
  'stop.ends': {
    behaviour: 'ends a running turn and the events with it, and answers the same exit again, at once, to everyone',
    source: adapter('Repeatable, and at once for a session that has ended.'),
  },
  'stop.grace': {
    behaviour: 'kills an agent that ignores being asked, once the grace is over',
    source: adapter('asks it to, waits `graceMs` (default 5000), then kills its whole tree.'),
  },
  'stop.tree': {
    behaviour: 'leaves no process of the run, `setsid` and double-forked ones included',
    source: adapter('Resolves once no process of the run is left'),
  },
  'ends.env-cleared-children': {
    behaviour: 'ends a child that cleared its environment and stayed in its session',
    source: adapter('then kills its whole tree'),
  },
  'stop.aborted': {
    behaviour: 'stops waiting when its signal is aborted, and ends the agent all the same',
    source: adapter('Aborting `signal` stops the waiting, not the ending.'),
  },
  'dispose.lets-go': {
    behaviour: 'detaches when a session is disposed, once or twice, and the process goes on',
    source: adapter('Disposing it detaches and never kills: the process goes on and can be recovered.'),
  },
  'recover.live': {
    behaviour:
      'regains a live run for a fresh adapter: it goes on after the cursor without loss or repeat, and can be stopped',
    source: adapter('The process lives and is ours again.'),
  },
  'recover.after-kill': {
    behaviour: 'regains a run whose owner was killed with SIGKILL',
    source: adapter('so that another process can call `recover` and `reap` for a run that this one started'),
  },
  'recover.ended': {
    behaviour: 'finds an ended run with its exit, and drains what it left',
    source: adapter('It ended and its exit was seen; the session drains what it left, then ends.'),
  },
  'recover.dead': {
    behaviour: 'finds a vanished run dead, drains what it left, and reports an unknown exit',
    source: adapter('It is provably gone without a seen exit; the session drains what it left, then ends.'),
  },
  'recover.absent': {
    behaviour: 'finds a run that never started absent, each time it is asked, and a late start is refused',
    source: adapter('It never began, and now never will: the claim is ours.'),
  },
  'reap.tree': {
    behaviour: 'leaves no process of a run, without a session, and does not touch another run',
    source: adapter('none that was marked by it, `setsid` or not.'),
  },
  'reap.repeatable': {
    behaviour: 'may be repeated, and accepts a run that never started or has ended',
    source: adapter('Repeatable; needs no live session; a run that never began is fine.'),
  },
  'send.steer': {
    behaviour: 'steers up to the level it declares, once; without the capability it throws UNSUPPORTED',
    source: capability('The highest level that a runtime can prove for a steer'),
  },
  'send.steer-recovered': {
    behaviour: 'steers a regained run just as well',
    source: adapter('The process lives and is ours again.'),
  },
  'send.follow-up': {
    behaviour: 'plays a follow-up in a turn of its own; without the capability it throws UNSUPPORTED',
    source: beyond,
  },
  'send.overlap': {
    behaviour: 'keeps the order of instructions whose sending overlaps',
    source: adapter('Calls may overlap: the adapter puts them in order.'),
  },
  'send.if-turn': {
    behaviour: 'refuses an instruction for a turn that is not running with CONFLICT, and sends nothing',
    source: adapter('CONFLICT when its condition does not hold (then nothing was sent)'),
  },
  'send.inputs': {
    behaviour: 'accepts the inputs it declares and throws UNSUPPORTED for the others',
    source: beyond,
  },
  'answer.reaches': {
    behaviour: 'passes the decision to the agent, once; without the capability it throws UNSUPPORTED',
    source: adapter('Repeating the same one does no harm.'),
  },
  'answer.recovered': {
    behaviour: 'reports an open approval again after a reattach, and passes on its answer',
    source: adapter('After `after` a replay gives the very same events.'),
  },
  'answer.not-found': {
    behaviour: 'throws NOT_FOUND for an approval that the agent does not wait for',
    source: adapter('NOT_FOUND when the backend no longer waits for it.'),
  },
  'interrupt.keeps-session': {
    behaviour: 'ends the running turn and keeps the session; without the capability it throws UNSUPPORTED',
    source: capability('The turn can be ended with the session kept.'),
  },
  'interrupt.empties-queue': {
    behaviour: "empties the backend's queue",
    source: adapter("Ends the running turn and empties the backend's queue; the session stays."),
  },
  'interrupt.at-rest': {
    behaviour: 'resolves at once when no turn runs',
    source: adapter('No turn: resolves at once.'),
  },
  'resume.conversation': {
    behaviour: 'picks up a conversation as well as it declares; without the capability it throws UNSUPPORTED',
    source: capability('`lossless` with all completed messages'),
  },
  'events.structured': {
    behaviour: 'reports messages and tools where it declares structured events, else raw output alone',
    source: capability('messages, tools and turns as the backend reports them'),
  },
  'usage.reported': {
    behaviour: 'reports usage exactly where it declares it',
    source: capability('declared by `probe`, final in the session, proven by the conformance suite'),
  },
  'models.chosen': {
    behaviour: 'gives the agent the model of the target; without the capability it throws UNSUPPORTED',
    source: capability('`target.model` and `target.thinking` may be set.'),
  },
  'trait.aborted': {
    behaviour: 'throws CANCELLED from every call whose signal is already aborted, without an effect',
    source: ['base/call-options.ts', 'Ends this call, never the work behind it.'],
  },
  'trait.after-end': {
    behaviour: 'refuses what comes after the end with the proper code, and repeats every ending',
    source: adapter('UNAVAILABLE when provably nothing was sent'),
  },
} as const satisfies Readonly<Record<string, Requirement>>;

/** The id of a requirement, such as `start.once`. */
export type RequirementId = keyof typeof requirements;
