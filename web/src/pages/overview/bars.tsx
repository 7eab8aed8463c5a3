import { ChannelIcon, channelWord } from '../../parts/channel.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Bones } from '../../parts/states.tsx';

/** Sends that a provider accepted, the most first. */
export function Bars({
  title,
  counts,
  isChannel = false,
}: {
  title: string;
  counts: Readonly<Record<string, number>> | null;
  isChannel?: boolean;
}) {
  const rows = Object.entries(counts ?? {}).toSorted(([, a], [, b]) => b - a);
  const most = rows[0]?.[1] ?? 1;
  return (
    <Panel title={title} side={<span className="dim">accepted sends</span>}>
      {counts === null ? (
        <Bones lines={3} label={`${title} is loading`} />
      ) : rows.length === 0 ? (
        <p className="dim">Nothing was sent in this time.</p>
      ) : (
        <ul className="bars">
          {rows.map(([name, count]) => (
            <li key={name}>
              <span className="channel clip">
                {isChannel && <ChannelIcon channel={name} />}
                {isChannel ? channelWord(name) : name}
              </span>
              {/* A meter is drawn without a style attribute, which the policy would not stop but need not allow. */}
              <progress max={most} value={count} aria-label={`${name}: ${count} accepted sends`} />
              <span className="figure">{count.toLocaleString()}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
