import { Link, useSearchParams } from 'wouter';
import { useNotifications } from '../../api/queries.ts';
import { Rows3, SearchX, Send } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Pager } from '../../parts/pager.tsx';
import { Bones, Empty, Failed, Stale } from '../../parts/states.tsx';
import { PLACES } from '../../places.ts';
import { FilterBar } from './filter-bar.tsx';
import { type FilterName, filtersIn, queryOf } from './filters.ts';
import { NotificationRow } from './notification-row.tsx';

const LIMIT = 25;

/** Everything there is, newest first; the address says which of it. */
export function NotificationsPage() {
  const [params, setParams] = useSearchParams();
  const filters = filtersIn(params);
  const cursor = params.get('cursor');
  const { data, error, isPlaceholderData, refetch } = useNotifications({ ...queryOf(filters), limit: LIMIT, cursor });
  const change = (name: FilterName | 'all', value: string) => {
    const next = name === 'all' ? new URLSearchParams() : new URLSearchParams(params);
    next.delete('cursor');
    if (name !== 'all' && value === '') next.delete(name);
    else if (name !== 'all') next.set(name, value);
    // A letter more in the search is not a page of its own to go back to.
    setParams(next, { replace: name === 'q' && params.has('q') });
  };
  return (
    <Page
      title="Notifications"
      steps={
        <Link className="button primary to-send" href={PLACES.send}>
          <Send />
          Send
        </Link>
      }
    >
      <FilterBar filters={filters} onChange={change} />
      {error !== null && data !== undefined && <Stale error={error} />}
      <div className="panel" aria-busy={isPlaceholderData}>
        {data === undefined ? (
          error === null ? (
            <Bones lines={12} label="Notifications are loading" />
          ) : (
            <Failed error={error} again={() => void refetch()} />
          )
        ) : data.data.length === 0 ? (
          <Nothing isFiltered={Object.keys(filters).length > 0 || cursor !== null} goesOn={data.next_cursor !== null} />
        ) : (
          <table className="table cards notifications">
            <caption className="unseen">Notifications, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Status</th>
                <th scope="col">Message</th>
                <th scope="col">Recipient</th>
                <th scope="col">Channels</th>
                <th scope="col">Accepted</th>
              </tr>
            </thead>
            <tbody>
              {data.data.map((notification) => (
                <NotificationRow key={notification.id} notification={notification} />
              ))}
            </tbody>
          </table>
        )}
      </div>
      {data !== undefined && <Pager next={data.next_cursor} isFirst={cursor === null} isOff={isPlaceholderData} />}
    </Page>
  );
}

function Nothing({ isFiltered, goesOn }: { isFiltered: boolean; goesOn: boolean }) {
  if (goesOn) {
    return (
      <Empty icon={SearchX} title="Nothing yet">
        <p>Nothing on this stretch of the history fits. The next page looks further back.</p>
      </Empty>
    );
  }
  if (isFiltered) {
    return (
      <Empty icon={SearchX} title="Nothing fits these filters">
        <p>Take one away, or search for a shorter word.</p>
      </Empty>
    );
  }
  return (
    <Empty icon={Rows3} title="No notifications yet">
      <p>Everything that is sent is listed here, with every attempt and every reason.</p>
      <Link className="button primary" href={PLACES.send}>
        Send the first one
      </Link>
    </Empty>
  );
}
