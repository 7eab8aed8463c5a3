import { Toast } from '@base-ui/react/toast';
import { sentenceOf } from '../api/client.ts';
import { X } from './icons.tsx';

/** Short news of what somebody has just done; the page itself shows what came of it. */
export function Toasts() {
  const { toasts } = Toast.useToastManager();
  return (
    <Toast.Portal>
      <Toast.Viewport className="toasts">
        {toasts.map((toast) => (
          <Toast.Root key={toast.id} toast={toast} className="toast">
            <Toast.Content className="row toast-words">
              <div className="toast-words">
                <Toast.Title className="toast-title" />
                <Toast.Description className="toast-text" />
              </div>
              <Toast.Close className="button quiet bare small" aria-label="Dismiss">
                <X />
              </Toast.Close>
            </Toast.Content>
          </Toast.Root>
        ))}
      </Toast.Viewport>
    </Toast.Portal>
  );
}

export function useTell() {
  const { add } = Toast.useToastManager();
  return {
    tell: (title: string, description?: string) =>
      add({ title, timeout: 4_000, ...(description === undefined ? {} : { description }) }),
    tellFault: (title: string, error: unknown) =>
      add({ title, description: sentenceOf(error), type: 'error', priority: 'high', timeout: 9_000 }),
  };
}
