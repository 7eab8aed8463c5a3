import { useSyncExternalStore } from 'react';

/** The API key, if one is needed: kept as long as the tab, and never in the address. */
const NAME = 'tidings.key';

interface Access {
  readonly key: string | null;
  /** The API has asked for a key, or refused the one it was given. */
  readonly isAsked: boolean;
}

let access: Access = { key: stored(), isAsked: false };
const listeners = new Set<() => void>();

export function currentKey(): string | null {
  return access.key;
}

/** The API answered 401 to a request that had carried `key`; that of an older key says nothing of the one now. */
export function keyRefused(key: string | null): void {
  if (key === access.key && !access.isAsked) become({ ...access, isAsked: true });
}

export function enterKey(key: string): void {
  keep(key);
  become({ key, isAsked: false });
}

export function forgetKey(): void {
  keep(null);
  become({ key: null, isAsked: true });
}

export function useAccess(): Access {
  return useSyncExternalStore(subscribe, () => access);
}

function become(next: Access): void {
  access = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function stored(): string | null {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

/** A browser that keeps nothing asks again after a reload. */
function keep(key: string | null): void {
  try {
    if (key === null) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, key);
  } catch {}
}
