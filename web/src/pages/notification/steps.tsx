import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import { ApiProblem, sentenceOf } from '../../api/client.ts';
import { useAccess } from '../../api/key.ts';
import { lookAgain } from '../../api/queries.ts';
import { cancel, reschedule, retry } from '../../api/steps.ts';
import type { Notification } from '../../api/types.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Field } from '../../parts/field.tsx';
import { Ban, CalendarClock, RotateCw } from '../../parts/icons.tsx';
import { localInput } from '../../parts/local-input.ts';
import { useTell } from '../../parts/toasts.tsx';
import { curlFor } from './curl.ts';

const STOPPABLE = new Set(['scheduled', 'pending', 'retrying']);
const RETRYABLE = new Set(['failed', 'cancelled', 'expired']);

/** What a person can do here and now. What comes too late is said so by the API. */
export function Steps({ notification }: { notification: Notification }) {
  const { key } = useAccess();
  const { tell, tellFault } = useTell();
  const has = (statuses: ReadonlySet<string>) => notification.deliveries.some(({ status }) => statuses.has(status));
  const carryOut = async (step: () => Promise<unknown>, done: string, notDone: string) => {
    try {
      await step();
      tell(done);
    } catch (error) {
      tellFault(notDone, error);
    }
    await lookAgain();
  };
  return (
    <>
      {has(RETRYABLE) && (
        <button
          type="button"
          className="button primary"
          onClick={() => void carryOut(() => retry(notification.id), 'It is on its way again', 'It was not retried')}
        >
          <RotateCw />
          Retry
        </button>
      )}
      {notification.status === 'scheduled' && <Reschedule notification={notification} />}
      {has(STOPPABLE) && (
        <Confirm
          trigger={
            <button type="button" className="button">
              <Ban />
              Cancel
            </button>
          }
          title="Cancel this notification?"
          yes="Cancel it"
          danger
          onConfirm={() => carryOut(() => cancel(notification.id), 'Cancelled', 'It was not cancelled')}
        >
          <p>No provider will be called any more. It can be retried later.</p>
        </Confirm>
      )}
      <CopyButton
        text={curlFor(notification, location.origin, key !== null)}
        label="Copy a curl command that sends the same again"
        words="Copy as curl"
      />
    </>
  );
}

function Reschedule({ notification }: { notification: Notification }) {
  const { tell } = useTell();
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [faults, setFaults] = useState<readonly string[]>([]);
  const open = (next: boolean) => {
    setOpen(next);
    setFaults([]);
    if (next) setText(localInput(notification.send_at ?? notification.created_at));
  };
  const save = async () => {
    const time = new Date(text);
    if (Number.isNaN(time.getTime())) return setFaults(['This is not a time.']);
    try {
      await reschedule(notification.id, time.toISOString());
      setOpen(false);
      tell('It has a new time');
    } catch (error) {
      const named = error instanceof ApiProblem ? error.faults.map(({ detail }) => detail) : [];
      setFaults(named.length > 0 ? named : [sentenceOf(error)]);
    }
    await lookAgain();
  };
  return (
    <Dialog.Root open={isOpen} onOpenChange={open}>
      <Dialog.Trigger className="button">
        <CalendarClock />
        Reschedule
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title>Send it at another time</Dialog.Title>
          <Field label="New time" hint="In your time zone, at most 365 days ahead." faults={faults}>
            {(control) => (
              <input
                {...control}
                type="datetime-local"
                step={1}
                value={text}
                onChange={(event) => setText(event.target.value)}
              />
            )}
          </Field>
          <div className="dialog-feet">
            <Dialog.Close className="button">Keep as it is</Dialog.Close>
            <button type="button" className="button primary" onClick={() => void save()}>
              Reschedule
            </button>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
