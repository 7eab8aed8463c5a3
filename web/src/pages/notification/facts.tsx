import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { withQuery } from '../../api/client.ts';
import type { Notification } from '../../api/types.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Panel } from '../../parts/panel.tsx';
import { addressesOf } from '../../parts/recipient-words.ts';
import { When } from '../../parts/when.tsx';
import { PLACES } from '../../places.ts';

/** What it says, and all that is known of it. */
export function Facts({ notification }: { notification: Notification }) {
  const { title, message, recipient, tags, metadata } = notification;
  const times = [
    ['Send at', notification.send_at],
    ['Sent', notification.sent_at],
    ['Delivered', notification.delivered_at],
    ['Read', notification.read_at],
    ['Expires', notification.expires_at],
  ] as const;
  return (
    <div className="stack">
      <Panel title="Message">
        {title !== null && <p className="message-title words">{title}</p>}
        <p className="words message-words">{message}</p>
      </Panel>
      <Panel title="Recipient">
        <dl className="facts">
          {addressesOf(recipient).map(([name, value]) => (
            <Fact key={name} name={name}>
              <Link href={withQuery(PLACES.notifications, { recipient: value })} className="words">
                {value}
              </Link>
            </Fact>
          ))}
        </dl>
      </Panel>
      <Panel title="Details">
        <dl className="facts">
          <Fact name="Id">
            <Copied text={notification.id} label="Copy the id" />
          </Fact>
          <Fact name="Request id">
            <Copied text={notification.request_id} label="Copy the request id" />
          </Fact>
          <Fact name="Priority">{notification.priority}</Fact>
          {times.map(
            ([name, at]) =>
              at !== null && (
                <Fact key={name} name={name}>
                  <When at={at} />
                </Fact>
              ),
          )}
          {tags.length > 0 && (
            <Fact name="Tags">
              <span className="row wraps">
                {tags.map((tag) => (
                  <Link key={tag} className="code" href={withQuery(PLACES.notifications, { tag })}>
                    {tag}
                  </Link>
                ))}
              </span>
            </Fact>
          )}
          {Object.entries(metadata).map(([name, value]) => (
            <Fact key={name} name={name}>
              <span className="words">{value}</span>
            </Fact>
          ))}
        </dl>
      </Panel>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Copied({ text, label }: { text: string; label: string }) {
  return (
    <span className="row tight">
      <span className="mono clip" title={text}>
        {text}
      </span>
      <CopyButton text={text} label={label} quiet />
    </span>
  );
}
