import { useEffect, useRef, useState } from 'react';

const REST = 300;

/** A field that tells what was typed after a short rest, and follows what changes elsewhere. */
export function Typed({
  label,
  value,
  onChange,
  type = 'text',
  ...rest
}: {
  label?: string;
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'date';
  placeholder?: string;
  id?: string;
}) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const change = useRef(onChange);
  change.current = onChange;
  // The address changed by itself: Back, or Clear.
  useEffect(() => {
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      change.current(text);
    }, REST);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <input
      {...rest}
      className="input"
      aria-label={label}
      type={type}
      maxLength={500}
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}
