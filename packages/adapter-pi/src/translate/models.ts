import type { ModelInUse } from '@runtime/contracts';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { headOf } from '@runtime/adapter-kit/source';
import type { PiMessage, PiState } from '../wire.ts';

/** What is known of the model in use. */
export interface ModelTrail {
  /** As last told to the plane. */
  told: ModelInUse | undefined;
  /** Pi reports its change before that of the model, so it is told with the model's next sign of life. */
  thinking: string | undefined;
}

export const newModelTrail = (): ModelTrail => ({ told: undefined, thinking: undefined });

interface Named {
  readonly provider: string | undefined;
  readonly model: string | undefined;
}

/** Pi says that it has no model by calling it so. */
const isNone = ({ provider, model }: Named): boolean => model === 'unknown' && provider === 'unknown';

const short = (text: string | undefined, max = 200): string | undefined => (text ? headOf(text, max) : undefined);

function seen(trail: ModelTrail, named: Named, answer?: { readonly by: string | undefined }): SessionEvent[] {
  const { told } = trail;
  const model = short(named.model);
  if (model === undefined || isNone(named)) return [];
  const provider = short(named.provider);
  const thinking = short(trail.thinking, 50);
  const isSame = told?.model === model && told.provider === provider;
  const before = isSame ? told.answeredBy : undefined;
  const answeredBy = answer ? short(answer.by) : before;
  if (isSame && told.thinking === thinking && before === answeredBy) return [];
  trail.told = {
    model,
    ...(provider === undefined ? {} : { provider }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(answeredBy === undefined ? {} : { answeredBy }),
  };
  return [{ type: 'model.selected', ...trail.told }];
}

export function onState(trail: ModelTrail, { model, thinkingLevel }: PiState): SessionEvent[] {
  trail.thinking = thinkingLevel ?? trail.thinking;
  return seen(trail, { provider: model?.provider, model: model?.id });
}

/** An assistant message starts. Which model answers may not be known yet. */
export const onStart = (trail: ModelTrail, message: PiMessage): SessionEvent[] => seen(trail, namesIn(message));

/** An assistant message has ended. */
export function onEnd(trail: ModelTrail, message: PiMessage): SessionEvent[] {
  const { stopReason, responseModel, thinkingLevel } = message;
  trail.thinking = thinkingLevel ?? trail.thinking;
  const hasAnswer = stopReason !== 'error' && stopReason !== 'aborted';
  return seen(trail, namesIn(message), hasAnswer ? { by: responseModel } : undefined);
}

const namesIn = ({ provider, model }: PiMessage): Named => ({ provider, model });
