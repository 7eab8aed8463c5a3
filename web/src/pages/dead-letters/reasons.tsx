import { useQueries } from '@tanstack/react-query';
import { useDeadLetters } from '../../api/queries.ts';
import { retryDeadLetters } from '../../api/steps.ts';
import { reasonWords } from '../../parts/reason-words.ts';

const SEEN = 100;
const SLOWLY = 10_000;

/** The reasons of the newest letters, each with how many there are of it: counted by a retry that only counts. */
export function Reasons({ chosen, onChange }: { chosen: string; onChange: (code: string) => void }) {
  const { data } = useDeadLetters({ limit: SEEN });
  const found = (data?.data ?? []).flatMap(({ reason }) => reason ?? []);
  const codes = [...new Set([...found, ...(chosen === '' ? [] : [chosen])])].toSorted();
  const counts = useQueries({
    queries: codes.map((code) => ({
      queryKey: ['dead-letter-count', code],
      queryFn: () => retryDeadLetters({ code }, true),
      refetchInterval: SLOWLY,
    })),
  });
  return (
    <ul className="picks reasons" aria-label="Reasons">
      <li>
        <button type="button" className="pick" aria-pressed={chosen === ''} onClick={() => onChange('')}>
          All reasons
        </button>
      </li>
      {codes.map((code, index) => (
        <li key={code}>
          <button type="button" className="pick" aria-pressed={chosen === code} onClick={() => onChange(code)}>
            {reasonWords(code)}
            <span className="pick-count figure">{counts[index]?.data?.matched.toLocaleString() ?? '…'}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
