import type { Static } from 'typebox';
import { channelWord, named, orNull, timeOut, word } from './forms.ts';
import { Type } from './schema.ts';

const text = Type.String();

/** How a provider stands: `sandbox` catches instead of sending; `paused` is left alone by its breaker. */
export const PROVIDER_STATES = ['live', 'sandbox', 'paused'] as const;

export const StatusOut = named(
  'Status',
  {
    version: text,
    node: text,
    started_at: timeOut('When this process started.'),
    roles: Type.Array(word(['api', 'worker', 'scheduler'] as const), {
      description: 'Breakers are known to processes with a worker only.',
    }),
    store: text,
    queue: text,
    access: word(['open', 'keys'] as const),
    channels: Type.Array(
      Type.Object({
        channel: channelWord(),
        providers: Type.Array(
          Type.Object({
            id: text,
            state: word(PROVIDER_STATES),
            paused_until: orNull(text),
            cause: orNull(Type.String({ description: 'The code of what paused it.' })),
          }),
          { description: 'In failover order.' },
        ),
      }),
    ),
    settings: Type.Array(Type.Object({ name: text, value: text, is_default: Type.Boolean() }), {
      description: 'What is set, or has a default. Secrets and passwords are masked.',
    }),
  },
  'What runs here: engines, providers and configuration of the process that answers.',
);
export type StatusOut = Static<typeof StatusOut>;
