import { useMutation } from '@tanstack/react-query';
import { sentenceOf } from '../../api/client.ts';
import { lookAgain } from '../../api/queries.ts';
import { retryDeadLetters } from '../../api/steps.ts';
import { channelWord } from '../../parts/channel.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { RotateCw } from '../../parts/icons.tsx';
import { reasonWords } from '../../parts/reason-words.ts';
import { useTell } from '../../parts/toasts.tsx';
import type { LetterFilter } from './letter-filter.ts';

/** Counts first, then asks, then does it. */
export function BulkRetry({ filter, isOff }: { filter: LetterFilter; isOff: boolean }) {
  const { tell, tellFault } = useTell();
  const count = useMutation({ mutationFn: () => retryDeadLetters(filter, true) });
  const matched = count.data?.matched ?? 0;
  const retryAll = async () => {
    try {
      const { retried } = await retryDeadLetters(filter, false);
      tell(`${retried.toLocaleString()} on their way again`);
    } catch (error) {
      tellFault('Not all were retried', error);
    }
    await lookAgain();
  };
  return (
    <Confirm
      trigger={
        <button type="button" className="button primary" disabled={isOff}>
          <RotateCw />
          Retry all…
        </button>
      }
      title="Retry dead letters"
      yes={count.data === undefined ? 'Retry' : `Retry ${matched.toLocaleString()}`}
      isReady={matched > 0}
      onOpen={() => count.mutate()}
      onConfirm={retryAll}
    >
      <p role="status">
        {count.isError
          ? sentenceOf(count.error)
          : count.data === undefined
            ? 'Counting…'
            : `${matched.toLocaleString()} ${matched === 1 ? 'delivery' : 'deliveries'} ${wordsOf(filter)}will start afresh, with all channels and all retries. What has expired is not sent.`}
      </p>
    </Confirm>
  );
}

function wordsOf({ code, channel }: LetterFilter): string {
  const reason = code === undefined ? '' : `with the reason “${reasonWords(code)}” `;
  return channel === undefined ? reason : `${reason}by ${channelWord(channel)} `;
}
