import type { Channel } from '../../domain/channel.ts';
import type { Fault } from '../../domain/problem.ts';
import type { SendRequest } from '../../pipeline/accept.ts';
import type { DoorFields, DoorType } from '../contract/doors.ts';
import { fault, type Shape } from '../contract/shape.ts';
import { type ReadDeps, readNotification } from '../notification-in.ts';
import { MAX_FAULTS } from '../problem-reply.ts';
import { pointerStep } from '../strict-json.ts';

/** What was asked at a door: in our words, and in its own. */
export interface ReadAtDoor {
  readonly request: SendRequest;
  readonly given: DoorFields;
  readonly type: DoorType;
}

export type ReadDoor = ({ readonly ok: true } & ReadAtDoor) | { readonly ok: false; readonly faults: readonly Fault[] };

/** What a door asks for beyond the form of each field; `has` tells whether a field is there at all. */
export type DoorRules = (given: DoorFields, has: (field: keyof DoorFields) => boolean) => readonly Fault[];

/** What a door takes. */
export interface Door {
  readonly shape: Shape;
  readonly rules: DoorRules;
}

/**
 * From a door's words to those of the API, whose own reader then says what they mean. Every fault is named at once, by
 * the door's names for the fields.
 */
export function readDoor(body: unknown, door: Door, deps: ReadDeps): ReadDoor {
  const faults = door.shape(body);
  if (typeof body !== 'object' || body === null || Array.isArray(body) || faults.length >= MAX_FAULTS) {
    return { ok: false, faults };
  }
  const fields = Object.entries(body).filter(([name, value]) => value !== null && !isNamed(faults, pointerStep(name)));
  // The shape found nothing wrong with the fields that are left.
  const given = Object.fromEntries(fields) as DoorFields;
  const asked = door.rules(given, (field) => Object.hasOwn(body, field) && Reflect.get(body, field) !== null);
  faults.push(...asked.filter(({ pointer }) => !isNamed(faults, pointer)));
  const type = given.type ?? given.notification_type;
  const read = readNotification(inOurWords(given, type), deps);
  const isAddressNamed = faults.some(({ pointer }) => ADDRESSES.has(pointer));
  for (const one of read.ok ? [] : read.faults) {
    const pointer = inTheirWords(one.pointer);
    // Where a part of the recipient is said to be missing or wrong, it need not be said of the whole.
    if (one.code === 'no_recipient' && isAddressNamed) continue;
    if (!isNamed(faults, pointer)) faults.push({ ...one, pointer });
  }
  const [request] = read.ok ? read.requests : [];
  if (faults.length > 0 || request === undefined || type === undefined) return { ok: false, faults };
  return { ok: true, request, given, type };
}

export function channelOf(type: DoorType): Channel {
  return type === 'inapp' ? 'in_app' : type;
}

/** One of the two names that the type can have must be used. */
export const typeIsGiven: DoorRules = (_given, has) => {
  if (has('type') && has('notification_type')) {
    return [fault('/notification_type', 'conflicting_fields', 'Give type or notification_type, not both.')];
  }
  return has('type') || has('notification_type') ? [] : [fault('/type', 'missing_field')];
};

/** The field that a type's address stands in. */
export function addressField(type: DoorType): 'email' | 'phone' | 'user_id' {
  if (type === 'email') return 'email';
  return type === 'sms' ? 'phone' : 'user_id';
}

const ADDRESSES: ReadonlySet<string> = new Set(['/user_id', '/email', '/phone']);

function inOurWords({ user_id: userId, email, phone, message }: DoorFields, type: DoorType | undefined): object {
  const recipient = {
    ...(userId === undefined ? {} : { user_id: String(userId) }),
    ...(email === undefined ? {} : { email }),
    ...(phone === undefined ? {} : { phone }),
  };
  return {
    recipient,
    ...(message === undefined ? {} : { message }),
    ...(type === undefined ? {} : { channels: [channelOf(type)] }),
    // How the client called the channel, where it has another name here: it is to find it again under its own.
    ...(type === 'inapp' ? { metadata: { type } } : {}),
  };
}

function inTheirWords(pointer: string): string {
  if (pointer === '/recipient') return '/user_id';
  return pointer.replace(/^\/recipient\//, '/').replace(/^\/channels\b.*/, '/type');
}

function isNamed(faults: readonly Fault[], pointer: string): boolean {
  return faults.some((one) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`));
}
