import { lookAgain } from '../../api/queries.ts';
import { clearSandbox } from '../../api/steps.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Trash2 } from '../../parts/icons.tsx';
import { useTell } from '../../parts/toasts.tsx';

export function ClearButton() {
  const { tell, tellFault } = useTell();
  const clear = async () => {
    try {
      await clearSandbox();
      tell('The sandbox is empty');
    } catch (error) {
      tellFault('It was not cleared', error);
    }
    await lookAgain();
  };
  return (
    <Confirm
      trigger={
        <button type="button" className="button">
          <Trash2 />
          Clear
        </button>
      }
      title="Forget everything that was caught?"
      yes="Clear the sandbox"
      danger
      onConfirm={clear}
    >
      <p>The notifications and their trips stay. Only what would have been sent is forgotten.</p>
    </Confirm>
  );
}
