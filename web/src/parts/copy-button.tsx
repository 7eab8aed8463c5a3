import { useEffect, useState } from 'react';
import { Check, Copy } from './icons.tsx';

export function CopyButton({
  text,
  label,
  words,
  quiet = false,
}: {
  text: string;
  label: string;
  words?: string;
  quiet?: boolean;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_600);
    return () => clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? Check : Copy;
  const shape = words === undefined ? 'bare small' : '';
  return (
    <button
      type="button"
      className={`button ${quiet ? 'quiet' : ''} ${shape}`}
      aria-label={words === undefined ? label : undefined}
      title={label}
      onClick={() => void copy(text).then(() => setCopied(true))}
    >
      <Icon />
      {words !== undefined && (copied ? 'Copied' : words)}
      <span className="unseen" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </button>
  );
}

/** Browsers lend their clipboard only to pages that came over TLS or from this machine; the old way works elsewhere. */
async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}
