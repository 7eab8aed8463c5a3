import type { Channel } from '../domain/channel.ts';
import type { Fault } from '../domain/problem.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import type { Strategy } from '../domain/route.ts';
import { isSafeLink } from '../domain/url.ts';
import type { SendRequest } from '../pipeline/accept.ts';
import { BatchItemIn, type ContentIn, type ManyItemIn, NotificationIn } from './contract/notification-in.ts';
import { fault, type Shape, shapeOf } from './contract/shape.ts';
import type { HttpDeps } from './deps.ts';
import { IDEMPOTENCY_KEY } from './idempotency.ts';
import { readOverrides } from './overrides-in.ts';
import { MAX_FAULTS } from './problem-reply.ts';
import { readRecipient } from './recipient-in.ts';
import { pointerStep } from './strict-json.ts';
import { checkData, checkLine, readText } from './texts-in.ts';
import { readRetry, readTimes } from './times-in.ts';

/** What reading depends on besides the request. */
export interface ReadDeps {
  readonly now: number;
  readonly defaultRetry: RetryPolicy;
  readonly allowsWebhook: (url: string) => boolean;
}

export function readDeps(deps: Pick<HttpDeps, 'clock' | 'defaultRetry' | 'allowsWebhook'>): ReadDeps {
  return { now: deps.clock.now(), defaultRetry: deps.defaultRetry, allowsWebhook: deps.allowsWebhook };
}

export type ReadNotification =
  | { readonly ok: true; readonly requests: readonly SendRequest[]; readonly broadcast: boolean }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export type ReadBatchItem =
  | { readonly ok: true; readonly request: SendRequest; readonly key: string | null }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** The content of a request, the recipient apart. */
type Content = Omit<SendRequest, 'recipient'>;

/** From the wire to the pipeline. Every fault is named at once, those of form and those of meaning. */
export function readNotification(body: unknown, deps: ReadDeps): ReadNotification {
  const { faults, given, has } = takeApart<NotificationIn>(body, shapeOfNotification, '');
  if (given === null) return { ok: false, faults };
  const content = readContent(given, '', deps, faults);
  const requests: SendRequest[] = [];
  if (has('recipient') && has('recipients')) {
    faults.push(fault('/recipients', 'conflicting_fields', 'Give recipient or recipients, not both.'));
  } else if (!has('recipient') && !has('recipients')) {
    faults.push(fault('/recipient', 'missing_field'));
  }
  if (given.recipient !== undefined) {
    const recipient = readRecipient(given.recipient, '/recipient', deps.allowsWebhook, faults);
    // The copy first and what is added after it: V8 makes that in one go, and the other way round field by field.
    if (recipient !== null) requests.push({ ...content, recipient });
  }
  for (const [index, item] of (given.recipients ?? []).entries()) {
    const request = readOneOfMany(item, `/recipients/${index}`, content, deps, faults);
    if (request !== null) requests.push(request);
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, requests, broadcast: has('recipients') };
}

/** One item of a batch; `pointer` is its place in the body. */
export function readBatchItem(item: unknown, pointer: string, deps: ReadDeps): ReadBatchItem {
  const { faults, given } = takeApart<BatchItemIn>(item, shapeOfBatchItem, pointer);
  if (given === null) return { ok: false, faults };
  const content = readContent(given, pointer, deps, faults);
  const recipient =
    given.recipient === undefined
      ? null
      : readRecipient(given.recipient, `${pointer}/recipient`, deps.allowsWebhook, faults);
  const key = given.idempotency_key ?? null;
  if (key !== null && !IDEMPOTENCY_KEY.test(key)) {
    faults.push(fault(`${pointer}/idempotency_key`, 'invalid_format', 'It must be 1–255 visible ASCII characters.'));
  }
  return faults.length > 0 || recipient === null
    ? { ok: false, faults }
    : { ok: true, request: { ...content, recipient }, key };
}

const shapeOfNotification = shapeOf(NotificationIn);
const shapeOfBatchItem = shapeOf(BatchItemIn);

/**
 * Checks the form. What is left in `given` are the fields that have it, so that their meaning can be checked too;
 * `has` tells what was there before. `given` is null where there is no object at all, or too much is wrong.
 */
function takeApart<T extends object>(
  value: unknown,
  shape: Shape,
  pointer: string,
): { faults: Fault[]; given: Partial<T> | null; has: (field: keyof T & string) => boolean } {
  const faults = shape(value, pointer);
  // A full list of faults may be missing some: then nothing is known about the fields that it does not name.
  if (typeof value !== 'object' || value === null || Array.isArray(value) || faults.length >= MAX_FAULTS) {
    return { faults, given: null, has: () => false };
  }
  const given: Record<string, unknown> = faults.length === 0 ? (value as Record<string, unknown>) : { ...value };
  if (faults.length > 0) {
    for (const field of Object.keys(given)) {
      const place = pointer + pointerStep(field);
      if (faults.some((one) => one.pointer === place || one.pointer.startsWith(`${place}/`))) delete given[field];
    }
  }
  // The shape of T found nothing wrong with the fields that are left.
  return { faults, given: given as Partial<T>, has: (field) => Object.hasOwn(value, field) };
}

function readContent(given: Partial<ContentIn>, pointer: string, deps: ReadDeps, faults: Fault[]): Content {
  const { title, data, action_url: actionUrl, overrides, metadata, tags } = given;
  if (title !== undefined) checkLine(title, `${pointer}/title`, faults);
  if (data !== undefined) checkData(data, `${pointer}/data`, faults);
  if (actionUrl !== undefined && !isSafeLink(actionUrl)) faults.push(fault(`${pointer}/action_url`, 'invalid_url'));
  if (given.channels !== undefined) checkRoute(given.channels, given.strategy ?? 'fallback', pointer, faults);
  if (metadata !== undefined) checkMetadata(metadata, `${pointer}/metadata`, faults);
  if (tags !== undefined) checkTags(tags, `${pointer}/tags`, faults);
  const message = given.message === undefined ? '' : readText(given.message, `${pointer}/message`, faults);
  const own = overrides === undefined ? null : readOverrides(overrides, `${pointer}/overrides`, faults);
  const { sendAt, expiresAt } = readTimes(given, pointer, deps.now, faults);
  return {
    title: title ?? null,
    message,
    actionUrl: actionUrl ?? null,
    data: data ?? null,
    overrides: own,
    channels: given.channels ?? null,
    strategy: given.strategy ?? 'fallback',
    priority: given.priority ?? 'normal',
    sendAt,
    expiresAt,
    retry: readRetry(given.retry, deps.defaultRetry, `${pointer}/retry`, faults),
    onUnknown: given.on_unknown ?? 'retry',
    metadata: metadata ?? {},
    tags: tags ?? [],
  };
}

function readOneOfMany(
  item: ManyItemIn,
  pointer: string,
  content: Content,
  { allowsWebhook }: ReadDeps,
  faults: Fault[],
): SendRequest | null {
  if (typeof item === 'string' || item.data === undefined) {
    const recipient = readRecipient(item, pointer, allowsWebhook, faults);
    return recipient === null ? null : { ...content, recipient };
  }
  const { data, ...addresses } = item;
  const own = { ...content.data, ...data };
  checkData(own, `${pointer}/data`, faults);
  const recipient = readRecipient(addresses, pointer, allowsWebhook, faults);
  return recipient === null ? null : { ...content, recipient, data: own };
}

function checkRoute(
  channels: NonNullable<ContentIn['channels']>,
  strategy: Strategy,
  pointer: string,
  faults: Fault[],
): void {
  const seen: Channel[] = [];
  const see = (channel: Channel, where: string) => {
    if (seen.includes(channel)) faults.push(fault(where, 'duplicate_item', `The route names ${channel} twice.`));
    seen.push(channel);
  };
  for (const [index, entry] of channels.entries()) {
    const where = `${pointer}/channels/${index}`;
    if (typeof entry === 'string') {
      see(entry, where);
      continue;
    }
    if (strategy === 'fallback') {
      faults.push(fault(where, 'conflicting_fields', 'A chain within the list needs strategy "all".'));
    }
    for (const [step, channel] of entry.entries()) see(channel, `${where}/${step}`);
  }
}

function checkMetadata(metadata: Readonly<Record<string, string>>, pointer: string, faults: Fault[]): void {
  for (const key of Object.keys(metadata)) {
    if (key.length < 1 || key.length > 100 || /\p{Cc}/u.test(key)) {
      faults.push(fault(pointer + pointerStep(key), 'invalid_format', 'A key must have 1–100 printable characters.'));
    }
  }
}

function checkTags(tags: readonly string[], pointer: string, faults: Fault[]): void {
  for (const [index, tag] of tags.entries()) {
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(tag) || tag.trim() !== tag) {
      faults.push(fault(`${pointer}/${index}`, 'invalid_format', 'A tag is printable, without blanks at its ends.'));
    } else if (tags.indexOf(tag) !== index) {
      faults.push(fault(`${pointer}/${index}`, 'duplicate_item'));
    }
  }
}
