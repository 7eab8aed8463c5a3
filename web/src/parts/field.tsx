import { type ReactElement, useId } from 'react';

/** A labelled control: what is wrong with it is read out with it. */
export function Field({
  label,
  hint,
  faults = [],
  children,
}: {
  label: string;
  hint?: string | undefined;
  faults?: readonly string[];
  children: (control: {
    id: string;
    'aria-invalid': boolean;
    'aria-describedby': string | undefined;
    className: 'input';
  }) => ReactElement;
}) {
  const id = useId();
  const isWrong = faults.length > 0;
  const about = isWrong || hint !== undefined ? `${id}-about` : undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-invalid': isWrong, 'aria-describedby': about, className: 'input' })}
      {isWrong ? (
        <div className="fault" id={about}>
          {faults.map((fault) => (
            <p key={fault}>{fault}</p>
          ))}
        </div>
      ) : (
        hint !== undefined && (
          <p className="hint" id={about}>
            {hint}
          </p>
        )
      )}
    </div>
  );
}
