import { Link, useLocation, useSearch } from 'wouter';
import { ArrowLeft, ArrowRight, ChevronsLeft } from './icons.tsx';

/** A page more is an address more: Back leads to the newer one. Lists tell no totals, so there are no numbers. */
export function Pager({ next, isFirst, isOff }: { next: string | null; isFirst: boolean; isOff: boolean }) {
  const [path] = useLocation();
  const search = useSearch();
  if (isFirst && next === null) return null;
  const to = (cursor: string | null) => {
    const params = new URLSearchParams(search);
    params.delete('cursor');
    if (cursor !== null) params.set('cursor', cursor);
    return params.size === 0 ? path : `${path}?${params}`;
  };
  return (
    // While another page comes, the cursor at hand is not one of it.
    <nav className="pager" aria-label="Pages of the list" inert={isOff}>
      {!isFirst && (
        <>
          <Link className="button" href={to(null)}>
            <ChevronsLeft />
            Newest
          </Link>
          <button type="button" className="button" onClick={() => history.back()}>
            <ArrowLeft />
            Newer
          </button>
        </>
      )}
      {next !== null && (
        <Link className="button" href={to(next)}>
          Older
          <ArrowRight />
        </Link>
      )}
    </nav>
  );
}
