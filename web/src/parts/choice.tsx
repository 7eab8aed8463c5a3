import { CHANNELS, channelWord } from './channel.tsx';

interface ChoiceProps {
  label: string;
  /** What stands for no choice, whose value is ''. */
  any: string;
  value: string;
  onChange: (value: string) => void;
  className?: string;
}

/** A filter that is one of a few values, or none. */
export function Choice<V extends string>({
  label,
  any,
  value,
  onChange,
  className = '',
  values,
  wordOf,
}: ChoiceProps & { values: readonly V[]; wordOf: (value: V) => string }) {
  return (
    <select
      className={`input ${className}`.trim()}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{any}</option>
      {values.map((one) => (
        <option key={one} value={one}>
          {wordOf(one)}
        </option>
      ))}
    </select>
  );
}

export function ChannelChoice(props: Pick<ChoiceProps, 'value' | 'onChange' | 'className'>) {
  return <Choice {...props} label="Channel" any="Any channel" values={CHANNELS} wordOf={channelWord} />;
}
