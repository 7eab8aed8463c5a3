import { type ReactNode, useEffect, useRef } from 'react';

/** A page: its title is the tab's, and takes the focus when somebody comes here from another page. */
export function Page({
  title,
  tab = title,
  lead,
  steps,
  children,
}: {
  title: ReactNode;
  tab?: ReactNode;
  lead?: ReactNode;
  steps?: ReactNode;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${typeof tab === 'string' ? tab : 'Tidings'} · Tidings`;
  }, [tab]);
  useEffect(() => {
    if (arrivedWithin()) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead !== undefined && <p>{lead}</p>}
        </div>
        {steps !== undefined && <div className="row wraps">{steps}</div>}
      </header>
      {children}
    </div>
  );
}

let pages = 0;

/** The first page of a visit is read from its top anyway. */
function arrivedWithin(): boolean {
  pages += 1;
  return pages > 1;
}
