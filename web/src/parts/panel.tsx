import { type ReactNode, useId } from 'react';

/** A titled part of a page. */
export function Panel({
  title,
  side,
  children,
  flush = false,
}: {
  title: string;
  side?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        {side}
      </div>
      {flush ? children : <div className="panel-body">{children}</div>}
    </section>
  );
}
