import { CALM, useDeadLetters } from '../../api/queries.ts';
import { reasonWords } from '../../parts/reason-words.ts';

const SEEN = 100;

/** The reasons of the newest letters, each with how many of those have it: the API tells no totals. */
export function Reasons({ chosen, onChange }: { chosen: string; onChange: (code: string) => void }) {
  const { data } = useDeadLetters({ limit: SEEN }, CALM);
  const counts = new Map<string, number>(chosen === '' ? [] : [[chosen, 0]]);
  for (const { reason } of data?.data ?? []) if (reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const isAll = data?.next_cursor === null;
  return (
    <ul className="picks reasons" aria-label="Reasons">
      <li>
        <button type="button" className="pick" aria-pressed={chosen === ''} onClick={() => onChange('')}>
          All reasons
        </button>
      </li>
      {[...counts.keys()].toSorted().map((code) => (
        <li key={code}>
          <button type="button" className="pick" aria-pressed={chosen === code} onClick={() => onChange(code)}>
            {reasonWords(code)}
            <span className="pick-count figure">{`${counts.get(code) ?? 0}${isAll ? '' : '+'}`}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
