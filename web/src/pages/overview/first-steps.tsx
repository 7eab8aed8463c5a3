import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { lookAgain } from '../../api/queries.ts';
import { newKey, send } from '../../api/steps.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Sparkles } from '../../parts/icons.tsx';
import { Progress } from '../../parts/progress.tsx';
import { useTell } from '../../parts/toasts.tsx';

const TEST = {
  recipient: 'user@example.com',
  title: 'Hello from Tidings',
  message: 'This is a test notification. If you can read it, everything works.',
  channels: ['email'],
  tags: ['first-steps'],
};

/** On an empty system: one click, and one sees something arrive. */
export function FirstSteps({ isNew }: { isNew: boolean }) {
  const [key] = useState(newKey);
  const { tellFault } = useTell();
  const test = useMutation({
    mutationFn: () => send(TEST, key),
    onSuccess: () => lookAgain(),
    onError: (error) => tellFault('The test was not sent', error),
  });
  if (!isNew && test.data === undefined) return null;
  const curl = [
    `curl -X POST ${location.origin}/api/v1/notifications -H 'Content-Type: application/json' \\`,
    `  -d '${JSON.stringify({ recipient: TEST.recipient, title: 'Hello', message: 'Tidings works.' })}'`,
  ].join('\n');
  return (
    <section className="panel first-steps" aria-labelledby="first-steps">
      <div className="stack">
        <h2 id="first-steps">Send the first notification</h2>
        <p className="dim">
          An e-mail to user@example.com. As long as no mail provider is configured the sandbox catches it: nothing
          leaves this machine.
        </p>
        {test.data === undefined ? (
          <div>
            <button type="button" className="button primary" disabled={test.isPending} onClick={() => test.mutate()}>
              <Sparkles />
              Send a test notification
            </button>
          </div>
        ) : (
          <Progress id={test.data.id} />
        )}
      </div>
      <div className="curl">
        <pre>
          <code>{curl}</code>
        </pre>
        <CopyButton text={curl} label="Copy the command" quiet />
      </div>
    </section>
  );
}
