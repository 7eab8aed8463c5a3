import { Tabs } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { SandboxMessage } from '../../api/types.ts';
import { ChannelName, channelWord } from '../../parts/channel.tsx';
import { ArrowLeft, Paperclip } from '../../parts/icons.tsx';
import { Banner, Bubble, ChatLine, InboxCard, MailHead, Phone } from '../../parts/renderings.tsx';
import { When } from '../../parts/when.tsx';
import { placeOf } from '../../places.ts';
import { type CaughtMail, caughtOf } from './caught.ts';
import { MailFrame } from './mail-frame.tsx';

/** One caught message, as its receiver would have it. */
export function MessageView({ message, onBack }: { message: SandboxMessage; onBack: () => void }) {
  return (
    <article className="panel caught" aria-label={`${channelWord(message.channel)} to ${message.to}`}>
      <header className="caught-head">
        <button type="button" className="button quiet small caught-back" onClick={onBack}>
          <ArrowLeft />
          All messages
        </button>
        <ChannelName channel={message.channel} />
        <span className="dim">
          <When at={message.caught_at} />
        </span>
        <Link className="button small" href={placeOf(message.notification_id)}>
          Its trip
        </Link>
      </header>
      {content(message)}
    </article>
  );
}

function content(message: SandboxMessage): ReactNode {
  const caught = caughtOf(message);
  const json = <pre className="source">{JSON.stringify(message.message, null, 2)}</pre>;
  switch (caught.kind) {
    case 'email':
      return <MailView mail={caught.mail} to={message.to} json={json} />;
    case 'text':
      return withSource(
        <Phone name={message.to}>
          <Bubble kind={caught.channel}>{caught.text}</Bubble>
        </Phone>,
        json,
      );
    case 'chat':
      return withSource(<ChatLine app={`Tidings in ${channelWord(message.channel)}`} text={caught.text} />, json);
    case 'push':
      return withSource(
        <Phone name="Lock screen">
          <Banner app="Your app" title={caught.title} body={caught.body} />
        </Phone>,
        json,
      );
    case 'in_app':
      return withSource(<InboxCard title={caught.title} body={caught.body} link={caught.link} />, json);
    case 'webhook':
      return withSource(<pre className="source">{caught.body}</pre>, json);
    case 'other':
      return <div className="panel-body">{json}</div>;
  }
}

function withSource(rendering: ReactNode, json: ReactNode): ReactNode {
  return (
    <Views
      views={[
        { name: 'As received', body: rendering },
        { name: 'Source', body: json },
      ]}
    />
  );
}

function MailView({ mail, to, json }: { mail: CaughtMail; to: string; json: ReactNode }) {
  return (
    <>
      <MailHead from={mail.from} to={to} subject={mail.subject} />
      {mail.attachments.length > 0 && (
        <ul className="attachments" aria-label="Attachments">
          {mail.attachments.map((name) => (
            <li key={name} className="channel">
              <Paperclip />
              {name}
            </li>
          ))}
        </ul>
      )}
      <Views
        views={[
          { name: 'As received', body: <MailFrame html={mail.html} title={`The mail “${mail.subject}”`} /> },
          { name: 'Text', body: <pre className="source">{mail.text}</pre> },
          { name: 'HTML', body: <pre className="source">{mail.html}</pre> },
          { name: 'Headers', body: <Headers headers={mail.headers} /> },
          { name: 'Source', body: json },
        ]}
      />
    </>
  );
}

function Headers({ headers }: { headers: CaughtMail['headers'] }) {
  return (
    <dl className="facts headers">
      {headers.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Views({ views }: { views: readonly { readonly name: string; readonly body: ReactNode }[] }) {
  return (
    <Tabs.Root defaultValue={views[0]?.name} className="tabs">
      <Tabs.List className="segments tab-list" aria-label="Views">
        {views.map(({ name }) => (
          <Tabs.Tab key={name} value={name}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {views.map(({ name, body }) => (
        <Tabs.Panel key={name} value={name} className="preview">
          {body}
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  );
}
