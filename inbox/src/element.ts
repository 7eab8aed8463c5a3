import { createInbox, type Inbox, type InboxItem } from './inbox.ts';
import { ENGLISH, type InboxLabels } from './labels.ts';
import look from './look.css?inline';
import { BELL, icon, make, put, say } from './make.ts';
import { inboxPanel, type Panel } from './panel.ts';
import { type TimeWords, timeWords } from './relative-time.ts';

export type { InboxItem } from './inbox.ts';
export type { InboxLabels } from './labels.ts';

/** Where there is no page, as on a server that renders one, the module can be loaded all the same. */
const Base = typeof HTMLElement === 'undefined' ? (Object as unknown as typeof HTMLElement) : HTMLElement;
const MOST_SHOWN = 99;
/** How often "5 minutes ago" is looked at. */
const MINUTE = 30_000;
const PROPERTIES = ['token', 'labels', 'inbox'] as const;

let sheet: CSSStyleSheet | null = null;
/** Adopted, not written into the page: a policy without 'unsafe-inline' has nothing against it. */
function ownSheet(): CSSStyleSheet {
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(look);
  }
  return sheet;
}

/**
 * `<tidings-inbox base-url="…" user-id="…" token-url="…">`: a bell that counts what is unread, and opens the inbox.
 * Tells of `tidings-select` (an entry was chosen; prevent it to go there yourself) and `tidings-counts`.
 */
export class TidingsInbox extends Base {
  static readonly observedAttributes = ['base-url', 'user-id', 'token-url', 'page-size', 'lang'];
  #token: (() => string | Promise<string>) | null = null;
  #labels: InboxLabels = ENGLISH;
  /** One that was handed over is not ours to start and stop. */
  #given: Inbox | null = null;
  #inbox: Inbox | null = null;
  #words: TimeWords | null = null;
  #listening: AbortController | null = null;
  #isStarting = false;
  #panel: Panel | null = null;
  #bell: HTMLButtonElement | null = null;
  #badge: HTMLElement | null = null;
  #voice: HTMLElement | null = null;

  /** Asks your server for a token. Without it, `token-url` is asked. */
  get token(): (() => string | Promise<string>) | null {
    return this.#token;
  }
  set token(token: (() => string | Promise<string>) | null) {
    this.#token = token;
    this.#restart();
  }

  /** Those that are to be other words; the rest stays. */
  get labels(): Partial<InboxLabels> {
    return this.#labels;
  }
  set labels(labels: Partial<InboxLabels>) {
    this.#labels = { ...ENGLISH, ...labels };
    this.#show();
  }

  /** The client behind it, for what the component does not do; or one of your own, which you start and stop. */
  get inbox(): Inbox | null {
    return this.#given ?? this.#inbox;
  }
  set inbox(inbox: Inbox | null) {
    this.#given = inbox;
    this.#restart();
  }

  get isOpen(): boolean {
    return this.#panel?.element.matches(':popover-open') ?? false;
  }
  open(): void {
    if (!this.isOpen) this.#panel?.element.showPopover();
  }
  close(): void {
    if (this.isOpen) this.#panel?.element.hidePopover();
  }

  connectedCallback(): void {
    // What was set before the browser knew the element lies in front of the accessors.
    for (const name of PROPERTIES) {
      if (!Object.hasOwn(this, name)) continue;
      const value: unknown = Reflect.get(this, name);
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    if (this.#panel === null) this.#build();
    this.#restart();
  }
  disconnectedCallback(): void {
    this.#end();
  }
  attributeChangedCallback(name: string): void {
    if (name === 'lang') this.#words = null;
    if (name === 'lang') this.#show();
    else this.#restart();
  }

  #build(): void {
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [ownSheet()];
    const badge = make('span', { part: 'badge', 'aria-hidden': 'true' });
    const bell = make('button', { type: 'button', part: 'bell', 'aria-haspopup': 'dialog' }, icon(...BELL), badge);
    const voice = make('div', { role: 'status', class: 'quiet' });
    const panel = inboxPanel({
      inbox: () => this.inbox,
      onSelect: (item, event) => this.#select(item, event),
      onRetry: () => {
        this.inbox?.stop();
        this.inbox?.start();
      },
    });
    bell.popoverTargetElement = panel.element;
    panel.element.addEventListener('toggle', () => this.#toggled());
    root.append(bell, panel.element, voice);
    [this.#bell, this.#badge, this.#panel, this.#voice] = [bell, badge, panel, voice];
  }

  /** Once for everything that changes in one go. */
  #restart(): void {
    if (this.#isStarting) return;
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      this.#end();
      if (this.isConnected) this.#begin();
    });
  }
  #begin(): void {
    const [baseUrl, userId] = [this.getAttribute('base-url') ?? location.origin, this.getAttribute('user-id')];
    if (this.#given === null && userId === null) return;
    if (this.#given === null && userId !== null) {
      const pageSize = Number(this.getAttribute('page-size') ?? 20) || 20;
      this.#inbox = createInbox({ baseUrl, userId, token: this.#token ?? this.#tokenOfUrl(), pageSize });
    }
    const { inbox } = this;
    if (inbox === null) return;
    const listening = new AbortController();
    this.#listening = listening;
    const ends = [
      inbox.subscribe(() => this.#show()),
      inbox.onArrival((item) => {
        if (this.#voice !== null) say(this.#voice, this.#labels.arrived(item.title ?? item.body));
        this.#seeAll();
      }),
    ];
    const timer = setInterval(() => {
      if (this.isOpen) this.#show();
    }, MINUTE);
    for (const type of ['resize', 'scroll'] as const) {
      addEventListener(type, () => this.#place(), { capture: true, passive: true, signal: listening.signal });
    }
    document.addEventListener('visibilitychange', () => this.#seeAll(), { signal: listening.signal });
    listening.signal.addEventListener('abort', () => {
      for (const end of ends) end();
      clearInterval(timer);
    });
    if (this.#given === null) inbox.start();
    this.#show();
  }
  #end(): void {
    this.#listening?.abort();
    this.#listening = null;
    this.#inbox?.stop();
    this.#inbox = null;
  }

  /** The page's own server knows who is signed in. */
  #tokenOfUrl(): (() => Promise<string>) | undefined {
    const url = this.getAttribute('token-url');
    if (url === null) return undefined;
    return async () => {
      const response = await fetch(url, { method: 'POST', headers: { accept: 'application/json' } });
      const { token } = (await response.json()) as { readonly token?: unknown };
      if (typeof token !== 'string') throw new TypeError(`${url} answered no token`);
      return token;
    };
  }

  #show(): void {
    const { inbox } = this;
    if (inbox === null || this.#panel === null || this.#bell === null || this.#badge === null) return;
    const snapshot = inbox.getSnapshot();
    const { counts, connection } = snapshot;
    this.#words ??= timeWords(this.lang || document.documentElement.lang);
    this.#panel.show(snapshot, { labels: this.#labels, words: this.#words });
    put(this.#bell, 'aria-label', this.#labels.bell(counts.unread));
    say(this.#badge, counts.unread > MOST_SHOWN ? `${MOST_SHOWN}+` : String(counts.unread));
    this.#badge.hidden = counts.unread === 0;
    put(this.#badge, 'data-unseen', counts.unseen > 0);
    put(this, 'connection', connection);
    const told = `${counts.total} ${counts.unread} ${counts.unseen}`;
    if (told === this.#told) return;
    this.#told = told;
    this.dispatchEvent(new CustomEvent('tidings-counts', { detail: counts, bubbles: true, composed: true }));
  }
  #told = '0 0 0';

  #toggled(): void {
    if (!this.isOpen) {
      // Who was in it is back where they opened it; who clicked elsewhere is there.
      const { activeElement: focused } = document;
      if (focused === this || focused === document.body) this.#bell?.focus();
      return;
    }
    this.#show();
    this.#place();
    this.#panel?.tellFault(false);
    this.#panel?.focus();
    this.#seeAll();
  }
  /** Below the bell or above it, within the window. */
  #place(): void {
    if (!this.isOpen || this.#bell === null || this.#panel === null) return;
    const { element } = this.#panel;
    const { left, right, top, bottom } = this.#bell.getBoundingClientRect();
    const { clientWidth: wide, clientHeight: high } = document.documentElement;
    const gap = 8;
    const isBelow = high - bottom >= Math.min(high / 2, 420) || high - bottom >= top;
    const isLeft = (left + right) / 2 < wide / 2;
    const start = isLeft ? left : right - element.offsetWidth;
    const { style } = element;
    style.left = `${Math.max(gap, Math.min(start, wide - gap - element.offsetWidth))}px`;
    style.maxHeight = `${Math.max(160, (isBelow ? high - bottom : top) - 2 * gap)}px`;
    style.top = isBelow ? `${bottom + gap}px` : 'auto';
    style.bottom = isBelow ? 'auto' : `${high - top + gap}px`;
  }
  #seeAll(): void {
    const { inbox } = this;
    const isLookedAt = this.isOpen && document.visibilityState === 'visible';
    if (isLookedAt && inbox !== null && inbox.getSnapshot().counts.unseen > 0) void inbox.markAll('seen');
  }
  #select(item: InboxItem, event: Event): void {
    this.#panel?.tellFault(false);
    if (item.read_at === null) {
      void this.inbox?.mark('read', [item.id]).then((error) => this.#panel?.tellFault(error !== null));
    }
    const init = { detail: item, bubbles: true, composed: true, cancelable: true };
    if (!this.dispatchEvent(new CustomEvent('tidings-select', init))) event.preventDefault();
    else if (item.action_url === null) return;
    this.close();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tidings-inbox': TidingsInbox;
  }
}

if (typeof customElements !== 'undefined' && customElements.get('tidings-inbox') === undefined) {
  customElements.define('tidings-inbox', TidingsInbox);
}
