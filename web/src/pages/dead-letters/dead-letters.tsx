import { useSearchParams } from 'wouter';
import { useDeadLetters } from '../../api/queries.ts';
import { ChannelChoice } from '../../parts/choice.tsx';
import { CircleCheck, SearchX } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Pager } from '../../parts/pager.tsx';
import { Bones, Empty, Failed, Stale } from '../../parts/states.tsx';
import { BulkRetry } from './bulk-retry.tsx';
import { DeadLetterRow } from './dead-letter-row.tsx';
import { filterIn } from './letter-filter.ts';
import { Reasons } from './reasons.tsx';

const LIMIT = 25;

/** What failed for good, by its reason: to be retried, or set aside. */
export function DeadLettersPage() {
  const [params, setParams] = useSearchParams();
  const cursor = params.get('cursor');
  const filter = filterIn(params);
  const { data, error, isPlaceholderData, refetch } = useDeadLetters({ ...filter, limit: LIMIT, cursor });
  const change = (name: 'code' | 'channel', value: string) => {
    const next = new URLSearchParams(params);
    next.delete('cursor');
    if (value === '') next.delete(name);
    else next.set(name, value);
    setParams(next);
  };
  const isFiltered = Object.keys(filter).length > 0 || cursor !== null;
  const isEmpty = data?.data.length === 0;
  return (
    <Page title="Dead letters" steps={<BulkRetry filter={filter} isOff={isEmpty || data === undefined} />}>
      <div className="filters-row">
        <Reasons chosen={filter.code ?? ''} onChange={(code) => change('code', code)} />
        <ChannelChoice
          className="letters-channel"
          value={filter.channel ?? ''}
          onChange={(channel) => change('channel', channel)}
        />
      </div>
      {error !== null && data !== undefined && <Stale error={error} />}
      <div className="panel" aria-busy={isPlaceholderData}>
        {data === undefined ? (
          error === null ? (
            <Bones lines={9} label="Dead letters are loading" />
          ) : (
            <Failed error={error} again={() => void refetch()} />
          )
        ) : isEmpty ? (
          isFiltered ? (
            <Empty icon={SearchX} title="None of this kind" />
          ) : (
            <Empty icon={CircleCheck} title="Nothing has failed for good">
              <p>A delivery comes here when no channel and no retry is left. Nothing is thrown away in silence.</p>
            </Empty>
          )
        ) : (
          <table className="table cards letters">
            <caption className="unseen">Dead letters, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Reason</th>
                <th scope="col">Message</th>
                <th scope="col">Recipient</th>
                <th scope="col">Failed</th>
                <th scope="col">
                  <span className="unseen">Steps</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.data.map((letter) => (
                <DeadLetterRow key={letter.id} letter={letter} />
              ))}
            </tbody>
          </table>
        )}
      </div>
      {data !== undefined && <Pager next={data.next_cursor} isFirst={cursor === null} isOff={isPlaceholderData} />}
    </Page>
  );
}
