import { useSearchParams } from 'wouter';
import { useSandbox } from '../../api/queries.ts';
import type { SandboxMessage } from '../../api/types.ts';
import { ChannelIcon, channelWord } from '../../parts/channel.tsx';
import { ChannelChoice } from '../../parts/choice.tsx';
import { FlaskConical, MousePointerClick, Search, SearchX, X } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Pager } from '../../parts/pager.tsx';
import { Bones, Empty, Failed, Stale } from '../../parts/states.tsx';
import { Typed } from '../../parts/typed.tsx';
import { When } from '../../parts/when.tsx';
import { headlineOf } from './caught.ts';
import { ClearButton } from './clear-button.tsx';
import { MessageView } from './message-view.tsx';

const LIMIT = 30;

/** What would have been sent: a letter box that catches everything and lets nothing out. */
export function SandboxPage() {
  const [params, setParams] = useSearchParams();
  const [cursor, notification] = [params.get('cursor'), params.get('notification')];
  const query = {
    channel: params.get('channel'),
    q: params.get('q'),
    to: params.get('to'),
    notification_id: notification,
  };
  const { data, error, isPlaceholderData, refetch } = useSandbox({ ...query, limit: LIMIT, cursor });
  const change = (name: string, value: string | null, replace = false) => {
    const next = new URLSearchParams(params);
    if (name !== 'message') for (const stale of ['cursor', 'message']) next.delete(stale);
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
    setParams(next, { replace });
  };
  const chosen = params.get('message');
  const messages = data?.data ?? [];
  const open = messages.find(({ id }) => id === chosen) ?? (notification !== null ? messages[0] : undefined);
  const isFiltered = Object.values(query).some((value) => value !== null) || cursor !== null;
  return (
    <Page
      title="Sandbox"
      lead="What would have been sent: caught here, as long as a channel has no provider."
      steps={messages.length > 0 && <ClearButton />}
    >
      <div className="filters-row">
        <search className="search-box">
          <Search />
          <Typed
            label="Search in receiver and text"
            placeholder="Search in receiver and text"
            value={query.q ?? ''}
            onChange={(value) => change('q', value, query.q !== null)}
          />
        </search>
        <ChannelChoice value={query.channel ?? ''} onChange={(channel) => change('channel', channel)} />
        {notification !== null && (
          <button type="button" className="button" onClick={() => change('notification', null)}>
            <X />
            One notification only
          </button>
        )}
      </div>
      {error !== null && data !== undefined && <Stale error={error} />}
      {data === undefined || messages.length === 0 ? (
        <div className="panel">
          {data === undefined ? (
            error === null ? (
              <Bones lines={9} label="Messages are loading" />
            ) : (
              <Failed error={error} again={() => void refetch()} />
            )
          ) : (
            <Nothing isFiltered={isFiltered} />
          )}
        </div>
      ) : (
        <div className="sandbox" data-open={open !== undefined || undefined} aria-busy={isPlaceholderData}>
          <div className="stack sandbox-list">
            <ul className="panel lines" aria-label="Messages, newest first">
              {messages.map((message) => (
                <li key={message.id}>
                  <Item message={message} isOpen={message === open} onOpen={() => change('message', message.id)} />
                </li>
              ))}
            </ul>
            <Pager next={data.next_cursor} isFirst={cursor === null} isOff={isPlaceholderData} />
          </div>
          {open === undefined ? (
            <div className="panel caught-none">
              <Empty icon={MousePointerClick} title="Choose a message">
                <p>It is shown as its receiver would see it.</p>
              </Empty>
            </div>
          ) : (
            <MessageView
              key={open.id}
              message={open}
              onBack={() => change(chosen === null ? 'notification' : 'message', null)}
            />
          )}
        </div>
      )}
    </Page>
  );
}

function Item({ message, isOpen, onOpen }: { message: SandboxMessage; isOpen: boolean; onOpen: () => void }) {
  return (
    <button type="button" className="line-link caught-item" aria-current={isOpen || undefined} onClick={onOpen}>
      <span className="channel" title={channelWord(message.channel)}>
        <ChannelIcon channel={message.channel} />
        <span className="unseen">{channelWord(message.channel)}</span>
      </span>
      <span className="line-words">
        <span className="clip">{headlineOf(message)}</span>
        <span className="clip dim">{message.to}</span>
      </span>
      <span className="dim line-when">
        <When at={message.caught_at} relative />
      </span>
    </button>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <Empty icon={SearchX} title="Nothing fits">
      <p>Search for a shorter word, or take a filter away.</p>
    </Empty>
  ) : (
    <Empty icon={FlaskConical} title="Nothing was caught yet">
      <p>Channels without a provider put here what they would have sent. Nothing leaves this machine.</p>
    </Empty>
  );
}
