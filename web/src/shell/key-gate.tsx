import { useState } from 'react';
import { enterKey, useAccess } from '../api/key.ts';
import { lookAgain } from '../api/queries.ts';
import { Field } from '../parts/field.tsx';
import { KeyRound } from '../parts/icons.tsx';
import { Page } from '../parts/page.tsx';

/** The API wants a key. */
export function KeyGate() {
  const { key } = useAccess();
  const [text, setText] = useState('');
  const faults = key === null ? [] : ['The service does not know this key.'];
  const enter = () => {
    enterKey(text.trim());
    void lookAgain();
  };
  return (
    <Page title="This service asks for a key">
      <form
        className="panel panel-body key-gate"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') enter();
        }}
      >
        <Field
          label="API key"
          hint="One of those in API_KEYS. It stays in this tab and is forgotten when the tab is closed."
          faults={faults}
        >
          {(control) => (
            <input
              {...control}
              type="password"
              autoComplete="off"
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <button type="submit" className="button primary">
          <KeyRound />
          Continue
        </button>
      </form>
    </Page>
  );
}
