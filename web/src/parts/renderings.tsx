import type { ReactNode } from 'react';

/** How a message looks where it arrives. Every text stays a text: nothing in it is taken for markup. */

export function MailHead({ from, to, subject }: { from?: string | null; to: string; subject: string }) {
  return (
    <dl className="mail-head">
      <div>
        <dt>Subject</dt>
        <dd className="mail-subject words">{subject}</dd>
      </div>
      {from !== undefined && from !== null && (
        <div>
          <dt>From</dt>
          <dd className="words">{from}</dd>
        </div>
      )}
      <div>
        <dt>To</dt>
        <dd className="words">{to}</dd>
      </div>
    </dl>
  );
}

export function Phone({ name, children, note }: { name: string; children: ReactNode; note?: ReactNode }) {
  return (
    <figure className="phone">
      <figcaption className="phone-name clip">{name}</figcaption>
      <div className="phone-screen">{children}</div>
      {note !== undefined && <p className="phone-note">{note}</p>}
    </figure>
  );
}

export function Bubble({ kind, children }: { kind: 'sms' | 'telegram' | 'whatsapp'; children: string }) {
  return (
    <p className="bubble words" data-kind={kind}>
      {children}
    </p>
  );
}

export function Banner({ title, body, app }: { title: string | null; body: string; app: string }) {
  return (
    <div className="banner">
      <span className="banner-mark" aria-hidden="true" />
      <div>
        <p className="banner-app">{app}</p>
        {title !== null && <p className="banner-title words">{title}</p>}
        <p className="words">{body}</p>
      </div>
    </div>
  );
}

export function InboxCard({ title, body, link }: { title: string | null; body: string; link: string | null }) {
  return (
    <div className="inbox-card">
      <span className="inbox-dot" aria-hidden="true" />
      <div>
        {title !== null && <p className="inbox-title words">{title}</p>}
        <p className="words">{body}</p>
        {link !== null && <p className="dim words">{link}</p>}
      </div>
    </div>
  );
}

export function ChatLine({ app, text }: { app: string; text: string }) {
  return (
    <div className="chat-line">
      <span className="chat-mark" aria-hidden="true" />
      <div>
        <p className="inbox-title">{app}</p>
        <p className="words">{text}</p>
      </div>
    </div>
  );
}
