import { Field } from '../../parts/field.tsx';
import { Segmented } from '../../parts/segmented.tsx';
import { ChannelPicker } from './channel-picker.tsx';
import type { Draft, FieldName } from './draft.ts';

export interface SendFormProps {
  readonly draft: Draft;
  readonly faultsOf: (field: FieldName) => readonly string[];
  readonly onChange: (changes: Partial<Draft>) => void;
}

type TextField = 'user_id' | 'email' | 'phone' | 'telegram' | 'title' | 'action_url' | 'delay' | 'ttl' | 'tags';

const WHEN = [
  { value: 'now', word: 'Now' },
  { value: 'at', word: 'At a time' },
  { value: 'delay', word: 'After a delay' },
] as const;
const PRIORITIES = [
  { value: 'high', word: 'High' },
  { value: 'normal', word: 'Normal' },
  { value: 'low', word: 'Low' },
] as const;

/** The fields, each with what the API said of it. */
export function SendForm(props: SendFormProps) {
  const { draft, faultsOf, onChange } = props;
  const recipientFaults = faultsOf('recipient');
  return (
    <>
      <fieldset className="form-part">
        <legend>Recipient</legend>
        <div className="form-grid">
          <Text {...props} name="email" label="Email" placeholder="user@example.com" />
          <Text {...props} name="user_id" label="User id" placeholder="user-42" />
          <Text {...props} name="phone" label="Phone" placeholder="+14155550123" />
          <Text {...props} name="telegram" label="Telegram chat" placeholder="123456789 or @name" />
        </div>
        {recipientFaults.map((fault) => (
          <p key={fault} className="fault">
            {fault}
          </p>
        ))}
      </fieldset>
      <fieldset className="form-part">
        <legend>Message</legend>
        <Text {...props} name="title" label="Title" hint="E-mail subject, push title, inbox heading." />
        <Field label="Message" faults={faultsOf('message')}>
          {(control) => (
            <textarea
              {...control}
              value={draft.message}
              onChange={(event) => onChange({ message: event.target.value })}
            />
          )}
        </Field>
        <Text {...props} name="action_url" label="Link" placeholder="https://example.com/orders/42" />
      </fieldset>
      <fieldset className="form-part">
        <legend>Route and time</legend>
        <ChannelPicker draft={draft} faults={faultsOf('channels')} onChange={onChange} />
        <div className="form-when">
          <div className="field">
            <span className="label">Send</span>
            <Segmented label="When to send" value={draft.when} options={WHEN} onChange={(when) => onChange({ when })} />
          </div>
          {draft.when === 'at' && (
            <Field label="Time" hint="In your time zone." faults={faultsOf('send_at')}>
              {(control) => (
                <input
                  {...control}
                  type="datetime-local"
                  step={1}
                  value={draft.send_at}
                  onChange={(event) => onChange({ send_at: event.target.value })}
                />
              )}
            </Field>
          )}
          {draft.when === 'delay' && <Text {...props} name="delay" label="Delay" placeholder="10m, 2h, 1d" />}
        </div>
        <div className="form-grid">
          <div className="field">
            <span className="label">Priority</span>
            <Segmented
              label="Priority"
              value={draft.priority}
              options={PRIORITIES}
              onChange={(priority) => onChange({ priority })}
            />
          </div>
          <Text {...props} name="ttl" label="Expires after" placeholder="never, or 1h, 2d" />
          <Text {...props} name="tags" label="Tags" placeholder="comma, separated" />
        </div>
      </fieldset>
    </>
  );
}

function Text({
  name,
  label,
  hint,
  placeholder,
  draft,
  faultsOf,
  onChange,
}: SendFormProps & { name: TextField; label: string; hint?: string; placeholder?: string }) {
  return (
    <Field label={label} hint={hint} faults={faultsOf(name)}>
      {(control) => (
        <input
          {...control}
          type="text"
          autoComplete="off"
          placeholder={placeholder}
          value={draft[name]}
          onChange={(event) => onChange({ [name]: event.target.value })}
        />
      )}
    </Field>
  );
}
