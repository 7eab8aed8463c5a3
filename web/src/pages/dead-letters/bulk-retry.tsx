import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf } from '../../api/client.ts';
import { lookAgain } from '../../api/queries.ts';
import { countDeadLetters, retryDeadLetters } from '../../api/steps.ts';
import { channelWord } from '../../parts/channel.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { RotateCw } from '../../parts/icons.tsx';
import { reasonWords } from '../../parts/reason-words.ts';
import { useTell } from '../../parts/toasts.tsx';
import type { LetterFilter } from './letter-filter.ts';

/** Counts first, then asks, then does it. */
export function BulkRetry({ filter, isOff }: { filter: LetterFilter; isOff: boolean }) {
  const { tell, tellFault } = useTell();
  const count = useMutation({ mutationFn: () => countDeadLetters(filter) });
  const [done, setDone] = useState<number | null>(null);
  const matched = count.data?.matched ?? 0;
  const retryAll = async () => {
    let soFar = 0;
    try {
      await retryDeadLetters(filter, (retried) => {
        soFar = retried;
        setDone(retried);
      });
      tell(`${soFar.toLocaleString()} on their way again`);
    } catch (error) {
      tellFault(`${soFar.toLocaleString()} were retried, not all`, error);
    }
    setDone(null);
    await lookAgain();
  };
  const will = `${matched.toLocaleString()} ${matched === 1 ? 'delivery' : 'deliveries'} ${wordsOf(filter)}will start afresh, with all channels and all retries. What has expired is not sent.`;
  const about = count.isError ? sentenceOf(count.error) : count.data === undefined ? 'Counting…' : will;
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
        {done === null ? about : `${done.toLocaleString()} of ${matched.toLocaleString()} on their way again…`}
      </p>
    </Confirm>
  );
}

function wordsOf({ code, channel }: LetterFilter): string {
  const reason = code === undefined ? '' : `with the reason “${reasonWords(code)}” `;
  return channel === undefined ? reason : `${reason}by ${channelWord(channel)} `;
}
