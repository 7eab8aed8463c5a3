import type { Option } from './command.ts';

/** What lists can be narrowed by, by the names that the API has for it. */
export const FILTER_OPTIONS: Readonly<Record<string, Option>> = {
  channel: { value: 'NAME', about: 'on this channel' },
  'user-id': { value: 'ID', about: 'to this user' },
  recipient: { value: 'WHO', about: 'to this address or user' },
  tag: { value: 'TAG', about: 'with this tag' },
  'request-id': { value: 'ID', about: 'that came with this request' },
  'created-after': { value: 'TIME', about: 'accepted then or later, such as 2026-01-31T09:30:00Z' },
  'created-before': { value: 'TIME', about: 'accepted before' },
  q: { value: 'TEXT', about: 'with this in the title or the message' },
};

/** How many of a list are shown. */
export const SIZE_OPTIONS: Readonly<Record<string, Option>> = {
  limit: { value: 'COUNT', about: 'at most so many; 20' },
  all: { about: 'however many there are' },
};
