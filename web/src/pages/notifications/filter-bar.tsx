import { useState } from 'react';
import { ChannelChoice, Choice } from '../../parts/choice.tsx';
import { Field } from '../../parts/field.tsx';
import { ListFilter, Search, X } from '../../parts/icons.tsx';
import { STATUSES, statusWord } from '../../parts/status-badge.tsx';
import { Typed } from '../../parts/typed.tsx';
import type { FilterName, Filters } from './filters.ts';

const MORE = [
  { name: 'recipient', label: 'Recipient', hint: 'Address or user id', type: 'text' },
  { name: 'tag', label: 'Tag', hint: '', type: 'text' },
  { name: 'request_id', label: 'Request id', hint: '', type: 'text' },
  { name: 'created_after', label: 'From', hint: '', type: 'date' },
  { name: 'created_before', label: 'Up to', hint: '', type: 'date' },
] as const;

/** Every change goes to the address at once; typing after a short rest. */
export function FilterBar({
  filters,
  onChange,
}: {
  filters: Filters;
  onChange: (name: FilterName | 'all', value: string) => void;
}) {
  const [isWide, setWide] = useState(MORE.some(({ name }) => filters[name] !== undefined));
  const count = Object.keys(filters).length;
  return (
    <search className="filters">
      <div className="filters-row">
        <div className="search-box">
          <Search />
          <Typed
            label="Search in title and message"
            placeholder="Search in title and message"
            value={filters.q ?? ''}
            onChange={(value) => onChange('q', value)}
          />
        </div>
        <Choice
          label="Status"
          any="Any status"
          value={filters.status ?? ''}
          values={STATUSES}
          wordOf={statusWord}
          onChange={(status) => onChange('status', status)}
        />
        <ChannelChoice value={filters.channel ?? ''} onChange={(channel) => onChange('channel', channel)} />
        <button type="button" className="button" aria-expanded={isWide} onClick={() => setWide(!isWide)}>
          <ListFilter />
          More
        </button>
        {count > 0 && (
          <button type="button" className="button quiet" onClick={() => onChange('all', '')}>
            <X />
            Clear
          </button>
        )}
      </div>
      {isWide && (
        <div className="filters-more">
          {MORE.map(({ name, label, hint, type }) => (
            <Field key={name} label={label}>
              {(control) => (
                <Typed
                  {...control}
                  type={type}
                  placeholder={hint}
                  value={filters[name] ?? ''}
                  onChange={(value) => onChange(name, value)}
                />
              )}
            </Field>
          ))}
        </div>
      )}
    </search>
  );
}
