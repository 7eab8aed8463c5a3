import { useId } from 'react';
import type { Channel } from '../../api/types.ts';
import { CHANNELS, ChannelName, channelWord } from '../../parts/channel.tsx';
import { X } from '../../parts/icons.tsx';
import { Segmented } from '../../parts/segmented.tsx';
import type { Draft } from './draft.ts';

const STRATEGIES = [
  { value: 'fallback', word: 'First that works' },
  { value: 'all', word: 'All of them' },
] as const;

/** Channels in the order in which they are tried: the next one chosen goes to the end. */
export function ChannelPicker({
  draft,
  faults,
  onChange,
}: {
  draft: Draft;
  faults: readonly string[];
  onChange: (changes: Partial<Draft>) => void;
}) {
  const id = useId();
  const toggle = (channel: Channel) =>
    onChange({
      channels: draft.channels.includes(channel)
        ? draft.channels.filter((one) => one !== channel)
        : [...draft.channels, channel],
    });
  return (
    <fieldset className="field" aria-describedby={`${id}-about`}>
      <legend className="label">Channels</legend>
      <div className="picks">
        {CHANNELS.map((channel) => {
          const place = draft.channels.indexOf(channel);
          return (
            <button
              key={channel}
              type="button"
              className="pick"
              aria-pressed={place >= 0}
              onClick={() => toggle(channel)}
            >
              <ChannelName channel={channel} />
              {place >= 0 && draft.channels.length > 1 && <span className="pick-place figure">{place + 1}</span>}
            </button>
          );
        })}
        {draft.channels.length > 0 && (
          <button type="button" className="button quiet small" onClick={() => onChange({ channels: [] })}>
            <X />
            None
          </button>
        )}
      </div>
      {draft.channels.length > 1 && (
        <Segmented
          label="Strategy"
          value={draft.strategy}
          options={STRATEGIES}
          onChange={(strategy) => onChange({ strategy })}
        />
      )}
      <div id={`${id}-about`}>
        {faults.length > 0 ? (
          faults.map((fault) => (
            <p key={fault} className="fault">
              {fault}
            </p>
          ))
        ) : (
          <p className="hint">{hintFor(draft)}</p>
        )}
      </div>
    </fieldset>
  );
}

function hintFor({ channels, strategy }: Draft): string {
  const words = channels.map(channelWord);
  if (words.length === 0) return 'None chosen: the default route, by the addresses that are given.';
  if (words.length === 1) return `By ${words[0]} alone.`;
  return strategy === 'all' ? `By ${words.join(' and ')}, each on its own.` : `${words.join(', then ')}.`;
}
