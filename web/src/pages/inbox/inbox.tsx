import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useSearchParams } from 'wouter';
import { TidingsInboxBell } from '../../../../inbox/src/react.ts';
import { ApiProblem, sentenceOf } from '../../api/client.ts';
import { mintToken, newKey, send } from '../../api/steps.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Field } from '../../parts/field.tsx';
import { CircleAlert, Send } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Progress } from '../../parts/progress.tsx';
import { Typed } from '../../parts/typed.tsx';

const DEMO_USER = 'demo-user';
const FIRST = { title: 'Your order is on its way', message: 'It should be with you on Tuesday.', link: '/ui/inbox' };
type Draft = typeof FIRST;

/** The inbox as a page of an application shows it: somebody sends a message, and sees it arrive at the bell. */
export function InboxPage() {
  const [params, setParams] = useSearchParams();
  const user = params.get('user') ?? DEMO_USER;
  const lead =
    'The component that you put into your own pages, at work: send a message, and see it arrive at the bell.';
  return (
    <Page title="Inbox demo" lead={lead}>
      <div className="send demo">
        <MessageForm
          user={user}
          onUser={(next) => setParams(next === '' || next === DEMO_USER ? {} : { user: next }, { replace: true })}
        />
        <div className="stack send-side">
          <Application user={user} />
          <Embed user={user} />
        </div>
      </div>
    </Page>
  );
}

function MessageForm({ user, onUser }: { user: string; onUser: (user: string) => void }) {
  const [draft, setDraft] = useState(FIRST);
  // A second click, or one after a lost answer, sends nothing twice; the next message is another one.
  const key = useRef(newKey());
  const sending = useMutation({
    mutationFn: () => send(requestFrom(draft, user), key.current),
    onSuccess: () => {
      key.current = newKey();
    },
  });
  const change = (changes: Partial<Draft>) => {
    key.current = newKey();
    setDraft((before) => ({ ...before, ...changes }));
  };
  const faultsAt = (pointer: string) =>
    sending.error instanceof ApiProblem
      ? sending.error.faults.filter((fault) => fault.pointer === pointer).map(({ detail }) => detail)
      : [];
  return (
    <form
      className="panel send-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        sending.mutate();
      }}
    >
      <fieldset className="form-part">
        <legend>A message</legend>
        <Field label="User id" hint="Whose inbox it is." faults={faultsAt('/recipient/user_id')}>
          {({ id }) => <Typed id={id} value={user} onChange={onUser} />}
        </Field>
        <Field label="Title" faults={faultsAt('/title')}>
          {(control) => (
            <input {...control} value={draft.title} onChange={({ target }) => change({ title: target.value })} />
          )}
        </Field>
        <Field label="Message" faults={faultsAt('/message')}>
          {(control) => (
            <textarea
              {...control}
              rows={3}
              value={draft.message}
              onChange={({ target }) => change({ message: target.value })}
            />
          )}
        </Field>
        <Field
          label="Link"
          hint="Where a click leads: https://…, or a path of your site."
          faults={faultsAt('/action_url')}
        >
          {(control) => (
            <input {...control} value={draft.link} onChange={({ target }) => change({ link: target.value })} />
          )}
        </Field>
      </fieldset>
      <div className="form-foot">
        {sending.isError && (
          <p className="fault" role="alert">
            <CircleAlert /> Not sent: {sentenceOf(sending.error)}
          </p>
        )}
        {sending.data !== undefined && !sending.isError && <Progress id={sending.data.id} />}
        <button type="submit" className="button primary" disabled={sending.isPending}>
          <Send />
          Send to the inbox
        </button>
      </div>
    </form>
  );
}

function requestFrom({ title, message, link }: Draft, user: string): object {
  return {
    recipient: { user_id: user },
    message,
    channels: ['in_app'],
    ...(title === '' ? {} : { title }),
    ...(link === '' ? {} : { action_url: link }),
  };
}

/** What stands for somebody's application: a bar with the bell in it. */
function Application({ user }: { user: string }) {
  const [unread, setUnread] = useState(0);
  return (
    <Panel title="In your application" flush>
      <div className="demo-bar">
        <strong>Your application</strong>
        <TidingsInboxBell
          key={user}
          baseUrl={location.origin}
          userId={user}
          token={async () => (await mintToken(user)).token}
          onCounts={(counts) => setUnread(counts.unread)}
        />
      </div>
      <p className="demo-words dim">
        Signed in as <span className="mono">{user}</span>, with {unread} unread. Open a second tab: both agree. Arrow
        keys go through the list, <kbd>e</kbd> archives, <kbd>Esc</kbd> closes.
      </p>
    </Panel>
  );
}

function Embed({ user }: { user: string }) {
  const code = [
    '<script type="module" src="/inbox/element.js"></script>',
    `<tidings-inbox base-url="${location.origin}"`,
    `  user-id="${user.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`,
    '  token-url="/inbox-token"></tidings-inbox>',
  ].join('\n');
  return (
    <Panel title="In any page">
      <div className="stack">
        <p className="dim">
          Your server answers <span className="mono">POST /inbox-token</span> with a token for whoever is signed in
          there, which it gets from <span className="mono">POST /api/v1/users/{'{user_id}'}/token</span>. React has a
          wrapper.
        </p>
        <div className="curl">
          <pre>
            <code>{code}</code>
          </pre>
          <CopyButton text={code} label="Copy the markup" quiet />
        </div>
      </div>
    </Panel>
  );
}
