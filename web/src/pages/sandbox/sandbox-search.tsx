import { Search } from 'lucide-react';
import { Typed } from '../../parts/typed.tsx';

export function SandboxSearch({ to, onChange }: { to: string; onChange: (value: string) => void }) {
  return (
    <search className="search-box">
      <Search aria-hidden="true" />
      <Typed label="Receiver" placeholder="Receiver, by the whole address" value={to} onChange={onChange} />
    </search>
  );
}
