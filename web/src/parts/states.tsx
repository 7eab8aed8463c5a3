import type { ReactNode } from 'react';
import { ApiProblem, sentenceOf } from '../api/client.ts';
import { CircleAlert, type Icon, TriangleAlert } from './icons.tsx';

/** There is nothing, and what to do about it. */
export function Empty({ icon: Icon, title, children }: { icon: Icon; title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <Icon />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** It could not be shown; the rest of the page stands. */
export function Failed({ error, again }: { error: unknown; again?: (() => void) | undefined }) {
  const requestId = error instanceof ApiProblem ? error.requestId : null;
  return (
    <div className="state" data-tone="red" role="alert">
      <CircleAlert />
      <h2>This could not be loaded</h2>
      <p>{sentenceOf(error)}</p>
      {requestId !== null && <p className="code">{requestId}</p>}
      {again !== undefined && (
        <button type="button" className="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What is shown is the last that was heard. */
export function Stale({ error }: { error: unknown }) {
  return (
    <div className="notice" role="status">
      <TriangleAlert />
      <span>{sentenceOf(error)} Showing what was last known.</span>
    </div>
  );
}

/** Something in the size of what will stand there. */
export function Bones({ lines, label }: { lines: number; label: string }) {
  return (
    <div className="bones" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike and never move
        <span className="bone line" key={line} />
      ))}
    </div>
  );
}
