import { Link } from 'wouter';
import { lookAgain } from '../../api/queries.ts';
import { discard, retry } from '../../api/steps.ts';
import type { DeadLetter } from '../../api/types.ts';
import { channelWord } from '../../parts/channel.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { RotateCw, Trash2 } from '../../parts/icons.tsx';
import { reasonWords } from '../../parts/reason-words.ts';
import { recipientWords } from '../../parts/recipient-words.ts';
import { useTell } from '../../parts/toasts.tsx';
import { When } from '../../parts/when.tsx';
import { placeOf } from '../../places.ts';

export function DeadLetterRow({ letter }: { letter: DeadLetter }) {
  const { id, notification_id, reason, failed_at, channels, attempts, notification } = letter;
  const { tell, tellFault } = useTell();
  const name = notification.title ?? notification.message;
  const carryOut = async (step: () => Promise<unknown>, done: string, notDone: string) => {
    try {
      await step();
      tell(done);
    } catch (error) {
      tellFault(notDone, error);
    }
    await lookAgain();
  };
  const tries = attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`;
  return (
    <tr>
      <td>
        <span className="badge" data-tone="red">
          {reasonWords(reason ?? 'unknown')}
        </span>
      </td>
      <td className="cell-words">
        <Link href={placeOf(notification_id)} className="row-link clip">
          {name}
        </Link>
        <span className="clip dim">
          {channels.map(channelWord).join(' → ')}, {tries}
        </span>
      </td>
      <td className="cell-recipient">
        <span className="clip">{recipientWords(notification.recipient)}</span>
      </td>
      <td className="cell-when dim">{failed_at !== null && <When at={failed_at} relative />}</td>
      <td className="cell-steps">
        <button
          type="button"
          className="button quiet bare small"
          aria-label={`Retry ${name}`}
          title="Retry"
          onClick={() => void carryOut(() => retry(notification_id), 'It is on its way again', 'It was not retried')}
        >
          <RotateCw />
        </button>
        <Confirm
          trigger={
            <button type="button" className="button quiet bare small" aria-label={`Discard ${name}`} title="Discard">
              <Trash2 />
            </button>
          }
          title="Discard this dead letter?"
          yes="Discard"
          danger
          onConfirm={() => carryOut(() => discard(id), 'Set aside', 'It was not discarded')}
        >
          <p>It stays among the notifications as failed, and is no longer listed here.</p>
        </Confirm>
      </td>
    </tr>
  );
}
