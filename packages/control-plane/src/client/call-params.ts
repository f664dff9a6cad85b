import type { ActOptions, CallOptions, EventsOptions, ListOptions } from '@runtime/contracts';

type Params = Readonly<Record<string, unknown>>;

/** What a call over a channel takes besides its parameters. */
export const callOptions = ({ signal }: CallOptions): CallOptions => (signal ? { signal } : {});

export const listParams = ({ status, limit, idPart, workspace, labels }: ListOptions): Params =>
  defined({ status: status && [...status], limit, idPart, workspace, labels });

export const eventsParams = ({ after, follow }: EventsOptions): Params => defined({ after, follow });

export const actParams = ({ by, why }: ActOptions): Params => defined({ by, why });

/** Without the fields that are undefined: the plane refuses an unknown value, and JSON has none for it. */
function defined(params: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}
