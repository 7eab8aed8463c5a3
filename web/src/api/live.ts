import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { live } from '../../../inbox/src/live.ts';
import { ownSurroundings } from '../../../inbox/src/surroundings.ts';
import { PLACES } from '../places.ts';
import { openStream, withQuery } from './client.ts';
import { streaming } from './connection.ts';
import { lookAgain } from './queries.ts';

/**
 * What is shown is asked for again when something has happened. One stream a tab, as browsers open six connections to a
 * service at most: on the page of a notification it is about that one, elsewhere a pulse.
 */
export function useLive(): void {
  const [path] = useLocation();
  const [, id] = new RegExp(`^${PLACES.notifications}/([^/]+)$`).exec(path) ?? [];
  useEffect(() => {
    const stop = new AbortController();
    const query = id === undefined ? { as: 'pulse' } : { notification_id: decodeURIComponent(id) };
    const about = withQuery('/api/v1/events', query);
    void live({
      open: (after, signal) => openStream(about, after, signal),
      onEvent: () => void lookAgain(),
      // What happened before the first stream, or while there was none that could go on.
      onOpen: (isResumed) => {
        if (!isResumed) void lookAgain();
      },
      onBreak: () => undefined,
      onConnection: streaming,
      surroundings: ownSurroundings(),
      signal: stop.signal,
    });
    return () => stop.abort();
  }, [id]);
}
