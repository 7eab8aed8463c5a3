import { Tabs } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';
import type { Channel } from '../../api/types.ts';
import { channelWord } from '../../parts/channel.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Banner, Bubble, ChatLine, InboxCard, MailHead, Phone } from '../../parts/renderings.tsx';
import type { Draft } from './draft.ts';
import { segmentsOf } from './segments.ts';

const USUAL: readonly Channel[] = ['email', 'sms', 'in_app', 'telegram'];

/** What would arrive, while it is being written. */
export function Preview({ draft }: { draft: Draft }) {
  const channels = draft.channels.length === 0 ? USUAL : draft.channels;
  return (
    <Panel title="Preview" flush>
      <Tabs.Root defaultValue={channels[0]} key={channels.join()} className="tabs">
        <Tabs.List className="segments tab-list" aria-label="Channels">
          {channels.map((channel) => (
            <Tabs.Tab key={channel} value={channel}>
              {channelWord(channel)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {channels.map((channel) => (
          <Tabs.Panel key={channel} value={channel} className="preview">
            {rendering(channel, draft)}
          </Tabs.Panel>
        ))}
      </Tabs.Root>
    </Panel>
  );
}

function rendering(channel: Channel, draft: Draft): ReactNode {
  const message = draft.message === '' ? 'Your message…' : draft.message;
  const title = draft.title.trim() === '' ? null : draft.title.trim();
  const link = draft.action_url.trim() === '' || draft.action_url.startsWith('/') ? null : draft.action_url.trim();
  const text = [title, message, link].filter((part) => part !== null).join('\n\n');
  switch (channel) {
    case 'email':
      return (
        <div className="mail">
          <MailHead to={draft.email || 'user@example.com'} subject={title ?? message.split('\n', 1)[0] ?? ''} />
          <div className="mail-body">
            {title !== null && <p className="mail-title words">{title}</p>}
            <p className="words">{message}</p>
            {link !== null && <p className="mail-link words">{link}</p>}
          </div>
        </div>
      );
    case 'sms':
      return (
        <Phone name={draft.phone || '+1 415 555 0123'} note={<SegmentsNote text={text} />}>
          <Bubble kind="sms">{text}</Bubble>
        </Phone>
      );
    case 'telegram':
    case 'whatsapp':
      return (
        <Phone name={channelWord(channel)}>
          <Bubble kind={channel}>{text}</Bubble>
        </Phone>
      );
    case 'push':
      return (
        <Phone name="Lock screen">
          <Banner app="Your app" title={title} body={message} />
        </Phone>
      );
    case 'in_app':
      return <InboxCard title={title} body={message} link={draft.action_url.trim() || null} />;
    case 'webhook':
      return (
        <pre className="source">{JSON.stringify({ type: 'notification', data: { title, message } }, null, 2)}</pre>
      );
    case 'slack':
    case 'discord':
    case 'teams':
      return <ChatLine app="Tidings" text={text} />;
  }
}

function SegmentsNote({ text }: { text: string }) {
  const { count, alphabet, used, room } = segmentsOf(text);
  return (
    <>
      <strong>
        {count} {count === 1 ? 'segment' : 'segments'}
      </strong>
      , {used} of {room} {alphabet} characters
    </>
  );
}
