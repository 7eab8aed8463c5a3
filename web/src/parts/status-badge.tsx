import type { Status } from '../api/types.ts';

type Tone = 'green' | 'amber' | 'red' | 'blue' | 'violet' | 'gray';

/** Every status has a word and a tone; the word carries the meaning, the tone only helps the eye. */
const SHOWN: Readonly<Record<Status, { readonly word: string; readonly tone: Tone; readonly moves?: true }>> = {
  scheduled: { word: 'Scheduled', tone: 'violet' },
  pending: { word: 'Pending', tone: 'blue', moves: true },
  sending: { word: 'Sending', tone: 'blue', moves: true },
  retrying: { word: 'Retrying', tone: 'amber', moves: true },
  sent: { word: 'Sent', tone: 'green' },
  delivered: { word: 'Delivered', tone: 'green' },
  failed: { word: 'Failed', tone: 'red' },
  cancelled: { word: 'Cancelled', tone: 'gray' },
  expired: { word: 'Expired', tone: 'gray' },
  suppressed: { word: 'Suppressed', tone: 'gray' },
};

export const STATUSES = Object.keys(SHOWN) as readonly Status[];

export function statusWord(status: Status): string {
  return SHOWN[status]?.word ?? status;
}

export function StatusBadge({ status }: { status: Status }) {
  // A status of a newer service than this page is shown by its own name.
  const { word, tone, moves = false } = SHOWN[status] ?? { word: status, tone: 'gray' };
  return (
    <span className="badge" data-tone={tone} data-moving={moves || undefined}>
      <i aria-hidden="true" />
      {word}
    </span>
  );
}
