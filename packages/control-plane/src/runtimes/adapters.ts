import { createHash } from 'node:crypto';
import {
  AgentRuntimeError,
  canonicalDefinition,
  type RecordedDefinition,
  type RuntimeDefinition,
  type TaskSpec,
} from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { RecentMap } from './recent-map.ts';

/**
 * Makes the adapter of a definition, with this id. Throws INVALID_ARGUMENT for a definition that it does not
 * understand: a later version may be asked for what an earlier one recorded. The plane adds `passEnv` by itself.
 */
export type AdapterFactory = (id: string, definition: RuntimeDefinition) => RuntimeAdapter | Promise<RuntimeAdapter>;

/** A runtime as one task means it: with a definition its own, otherwise one that the plane was opened with. */
export interface RuntimeSource {
  readonly id: string;
  readonly definition?: RecordedDefinition;
}

/** Adapters keep no state, so one that is forgotten is simply made again. */
const maxMade = 64;

/** The runtime that a task names. */
export function sourceOf({ definitions = {} }: Pick<TaskSpec, 'definitions'>, id: string): RuntimeSource {
  const definition = Object.hasOwn(definitions, id) ? definitions[id] : undefined;
  return definition ? { id, definition } : { id };
}

/** Under which a runtime's stream, probes and adapter are kept: two definitions with one id have nothing in common. */
export const runtimeKey = ({ id, definition }: RuntimeSource): string =>
  definition ? `${id}@${definition.digest}` : id;

/** A definition with the digest of its meaning. */
export function recordedDefinition(definition: RuntimeDefinition): RecordedDefinition {
  return { ...definition, digest: createHash('sha256').update(canonicalDefinition(definition)).digest('hex') };
}

/** The adapters of a plane: those that its host handed in, and those made of definitions. */
export class Adapters {
  readonly #handedIn: ReadonlyMap<string, RuntimeAdapter>;
  readonly #create: AdapterFactory | undefined;
  readonly #made = new RecentMap<Promise<RuntimeAdapter>>(maxMade);

  /** Throws INVALID_ARGUMENT for two adapters with one id. */
  constructor(handedIn: readonly RuntimeAdapter[], create?: AdapterFactory) {
    this.#handedIn = new Map(handedIn.map((adapter) => [adapter.id, adapter]));
    this.#create = create;
    if (this.#handedIn.size === handedIn.length) return;
    throw new AgentRuntimeError('INVALID_ARGUMENT', 'two adapters have the same id', {
      hint: 'give one of them another id: tmux({ id })',
    });
  }

  /** Of those that were handed in, in their order. */
  get ids(): readonly string[] {
    return [...this.#handedIn.keys()];
  }

  get takesDefinitions(): boolean {
    return this.#create !== undefined;
  }

  /** The error for a definition where there is no factory. */
  takesNone(): AgentRuntimeError {
    return new AgentRuntimeError('UNSUPPORTED', 'this plane makes no adapters: its runtimes are those of its program', {
      hint: `name one of them without a definition: ${this.ids.join(', ') || 'it has none'}`,
    });
  }

  /**
   * NOT_FOUND for a runtime that is neither defined nor handed in, UNSUPPORTED for a definition without a factory, and
   * what the factory throws.
   */
  async find(source: RuntimeSource): Promise<RuntimeAdapter> {
    const { id, definition } = source;
    if (definition) return this.#fromDefinition(id, definition);
    const adapter = this.#handedIn.get(id);
    if (adapter) return adapter;
    throw new AgentRuntimeError('NOT_FOUND', `no runtime ${JSON.stringify(id)} is configured`, {
      hint: `configured: ${this.ids.join(', ') || 'none'}`,
    });
  }

  #fromDefinition(id: string, definition: RecordedDefinition): Promise<RuntimeAdapter> {
    const key = runtimeKey({ id, definition });
    const known = this.#made.get(key);
    if (known) return known;
    const making = this.#make(id, definition);
    this.#made.set(key, making);
    making.catch(() => this.#made.forget(key, making));
    return making;
  }

  async #make(id: string, recorded: RecordedDefinition): Promise<RuntimeAdapter> {
    const { digest: _, ...definition } = recorded;
    if (!this.#create) throw this.takesNone();
    const adapter = await this.#create(id, definition);
    if (adapter.id === id) return adapter;
    throw new AgentRuntimeError('INTERNAL', `createAdapter made ${adapter.id} of the definition of ${id}`);
  }
}
