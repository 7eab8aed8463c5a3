import { escapeHtml } from '../../domain/escape-html.ts';
import type { ProblemOut } from '../problem-reply.ts';

/** What the form holds, as it was typed. */
export type FormTexts = Readonly<Record<string, string>>;

export interface FormState {
  readonly texts: FormTexts;
  /** Why the form before was not sent; null: it was, or there was none. */
  readonly problem: ProblemOut | null;
  /** The notification that the form before made. */
  readonly sentId: string | null;
  /** Makes this form one that is sent only once, however often it is submitted. */
  readonly once: string;
  readonly asksForKey: boolean;
}

interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  /** The attributes of its input. */
  readonly input: string;
}

const USER: Field = {
  name: 'user_id',
  label: 'User id',
  hint: 'Who it is for. In-app messages need it.',
  input: 'type="text" autocomplete="off"',
};
const ADDRESSES: readonly Field[] = [
  { name: 'email', label: 'E-mail address', hint: 'For type email.', input: 'type="email" autocomplete="off"' },
  {
    name: 'phone',
    label: 'Phone number',
    hint: 'For type sms, like +14155550123.',
    input: 'type="tel" autocomplete="off"',
  },
];
const KEY: Field = {
  name: 'api_key',
  label: 'API key',
  hint: 'One of those that this service was set up with.',
  input: 'type="password" autocomplete="current-password"',
};
const TYPES = [
  ['email', 'E-mail'],
  ['sms', 'SMS'],
  ['in_app', 'In-app message'],
] as const;

/** The inside of the page. Everything that somebody typed is escaped. */
export function formBody(state: FormState): string {
  const faults = faultsByField(state.problem);
  const line = (field: Field) => lineOf(field, state.texts[field.name] ?? '', faults.get(field.name));
  return `<h1>Send a notification</h1>
${noticeOf(state, faults)}
<form method="post" action="/send-notification" novalidate>
<input type="hidden" name="once" value="${escapeHtml(state.once)}">
${line(USER)}
<label for="type">Type</label>
${faultText('type', faults.get('type'))}<select id="type" name="type"${described('type', false, faults.has('type'))}>
${TYPES.map(([value, words]) => `<option value="${value}"${isChosen(value, state.texts) ? ' selected' : ''}>${words}</option>`).join('\n')}
</select>
<label for="message">Message</label>
${faultText('message', faults.get('message'))}<textarea id="message" name="message" required${described('message', false, faults.has('message'))}>
${escapeHtml(state.texts.message ?? '')}</textarea>
${ADDRESSES.map(line).join('\n')}
${state.asksForKey ? lineOf(KEY, '', faults.get('api_key')) : ''}
<button type="submit">Send</button>
</form>
<p><a href="/">Start</a> · <a href="/docs/">API</a></p>`;
}

function lineOf({ name, label, hint, input }: Field, value: string, fault: string | undefined): string {
  return `<label for="${name}">${label}</label>
<p class="hint" id="${name}-hint">${hint}</p>
${faultText(name, fault)}<input id="${name}" name="${name}" ${input} value="${escapeHtml(value)}"${described(name, true, fault !== undefined)}>`;
}

function faultText(name: string, fault: string | undefined): string {
  return fault === undefined ? '' : `<p class="fault" id="${name}-fault">${escapeHtml(fault)}</p>\n`;
}

function described(name: string, hasHint: boolean, isWrong: boolean): string {
  const ids = [...(isWrong ? [`${name}-fault`] : []), ...(hasHint ? [`${name}-hint`] : [])];
  return `${ids.length === 0 ? '' : ` aria-describedby="${ids.join(' ')}"`}${isWrong ? ' aria-invalid="true"' : ''}`;
}

function isChosen(value: string, texts: FormTexts): boolean {
  return value === (texts.type === 'inapp' ? 'in_app' : texts.type);
}

/** In the order of the form. */
const NAMES = ['user_id', 'type', 'message', 'email', 'phone', 'api_key'];

/** What is wrong with each field, in one text. Other fields than those shown have the name ''. */
function faultsByField(problem: ProblemOut | null): ReadonlyMap<string, string> {
  const faults = new Map<string, string>();
  if (problem?.code === 'unauthorized') faults.set('api_key', 'This is not one of the keys.');
  for (const { pointer, detail } of problem?.errors ?? []) {
    const given = pointer.slice(1);
    const name = NAMES.includes(given) ? given : '';
    const words = name === '' ? `${given}: ${detail}` : detail;
    faults.set(name, faults.has(name) ? `${faults.get(name)} ${words}` : words);
  }
  const order = ([name]: readonly [string, string]) => NAMES.indexOf(name);
  return new Map([...faults].toSorted((one, other) => order(one) - order(other)));
}

function noticeOf({ problem, sentId }: FormState, faults: ReadonlyMap<string, string>): string {
  if (sentId !== null) {
    const id = escapeHtml(sentId);
    return `<div class="notice good" role="status"><p>Notification queued. It is durable and on its way; its id is <code>${id}</code>.</p></div>`;
  }
  if (problem === null) return '';
  const items = [...faults].map(([name, words]) =>
    name === ''
      ? `<li>${escapeHtml(words)}</li>`
      : `<li><a href="#${name}">${LABELS.get(name) ?? name}</a>: ${escapeHtml(words)}</li>`,
  );
  const list = items.length === 0 ? `<p>${escapeHtml(problem.detail)}</p>` : `<ul>${items.join('')}</ul>`;
  return `<div class="notice bad" role="alert"><p><strong>Error: the notification was not sent.</strong></p>${list}</div>`;
}

const LABELS: ReadonlyMap<string, string> = new Map([
  ...[USER, ...ADDRESSES, KEY].map(({ name, label }) => [name, label] as const),
  ['type', 'Type'],
  ['message', 'Message'],
]);
