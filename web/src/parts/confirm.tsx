import { AlertDialog } from '@base-ui/react/alert-dialog';
import { type ReactElement, type ReactNode, useState } from 'react';

/** Asks before something that cannot be taken back. `onConfirm` keeps the dialog open until it is done. */
export function Confirm({
  trigger,
  title,
  children,
  yes,
  danger = false,
  onConfirm,
  onOpen,
  isReady = true,
}: {
  trigger: ReactElement;
  title: string;
  children: ReactNode;
  yes: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
  onOpen?: () => void;
  isReady?: boolean;
}) {
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const change = (open: boolean) => {
    setOpen(open);
    if (open) onOpen?.();
  };
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
    } finally {
      setBusy(false);
      setOpen(false);
    }
  };
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={change}>
      <AlertDialog.Trigger render={trigger} />
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title>{title}</AlertDialog.Title>
          <AlertDialog.Description render={<div className="dim" />}>{children}</AlertDialog.Description>
          <div className="dialog-feet">
            <AlertDialog.Close className="button">Keep as it is</AlertDialog.Close>
            <button
              type="button"
              className={`button ${danger ? 'danger' : 'primary'}`}
              disabled={isBusy || !isReady}
              onClick={() => void confirm()}
            >
              {yes}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
