import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ApiProblem, sentenceOf } from '../../api/client.ts';
import { lookAgain } from '../../api/queries.ts';
import { newKey, send } from '../../api/steps.ts';
import { CircleAlert, Send } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Progress } from '../../parts/progress.tsx';
import { type Draft, EMPTY, type FieldName, faultsByField, requestFrom } from './draft.ts';
import { Preview } from './preview.tsx';
import { SendForm } from './send-form.tsx';

/** The form, what would arrive, and what came of it. */
export function SendPage() {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [sent, setSent] = useState<readonly string[]>([]);
  // One key for one draft: a second click, or one after a lost answer, sends nothing twice.
  const key = useRef(newKey());
  const form = useRef<HTMLFormElement>(null);
  const results = useRef<HTMLDivElement>(null);
  const sending = useMutation({
    mutationFn: () => send(requestFrom(draft), key.current),
    onSuccess: ({ id }) => {
      key.current = newKey();
      setSent((before) => [id, ...before.filter((one) => one !== id)].slice(0, 5));
      void lookAgain();
    },
  });
  useEffect(() => {
    if (sending.error !== null) firstFault(form.current)?.focus();
  }, [sending.error]);
  const newest = sent[0];
  useEffect(() => {
    // On a narrow screen it stands below the form.
    if (newest !== undefined) results.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }, [newest]);
  const faults = faultsByField(sending.error instanceof ApiProblem ? sending.error.faults : []);
  const faultsOf = (field: FieldName) => faults.get(field) ?? [];
  const change = (changes: Partial<Draft>) => {
    key.current = newKey();
    setDraft((before) => ({ ...before, ...changes }));
  };
  return (
    <Page title="Send">
      <div className="send">
        <form
          ref={form}
          className="panel send-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            sending.mutate();
          }}
        >
          <SendForm draft={draft} faultsOf={faultsOf} onChange={change} />
          <div className="form-foot">
            {sending.isError && <WhatIsWrong error={sending.error} count={faults.size} others={faultsOf('other')} />}
            <button type="submit" className="button primary" disabled={sending.isPending}>
              <Send />
              {draft.when === 'now' ? 'Send' : 'Schedule'}
            </button>
          </div>
        </form>
        <div className="stack send-side">
          <div ref={results} className="results">
            {sent.length > 0 && (
              <Panel title={sent.length === 1 ? 'Sent just now' : 'Sent from here'}>
                <ul className="stack">
                  {sent.map((id) => (
                    <li key={id}>
                      <Progress id={id} />
                    </li>
                  ))}
                </ul>
              </Panel>
            )}
          </div>
          <Preview draft={draft} />
        </div>
      </div>
    </Page>
  );
}

function WhatIsWrong({ error, count, others }: { error: unknown; count: number; others: readonly string[] }) {
  const words =
    count === 0
      ? sentenceOf(error)
      : `Not sent: ${count === 1 ? 'a field needs' : `${count} fields need`} another look.`;
  return (
    <div className="notice" data-tone="red" role="alert">
      <CircleAlert />
      <div>
        <p>{words}</p>
        {others.map((fault) => (
          <p key={fault}>{fault}</p>
        ))}
      </div>
    </div>
  );
}

function firstFault(form: HTMLFormElement | null): HTMLElement | null {
  return form?.querySelector<HTMLElement>('[aria-invalid="true"]') ?? null;
}
