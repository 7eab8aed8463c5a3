import { type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { useConnection } from '../api/connection.ts';
import { forgetKey, useAccess } from '../api/key.ts';
import { CALM, useDeadLetters } from '../api/queries.ts';
import {
  Activity,
  BookOpen,
  FlaskConical,
  type Icon,
  Inbox,
  LayoutDashboard,
  LogOut,
  MailWarning,
  Rows3,
  Send,
} from '../parts/icons.tsx';
import { PLACES } from '../places.ts';
import logo from '../tidings.svg';
import { ThemeButton } from './theme.tsx';

const NAV: readonly { readonly href: string; readonly word: string; readonly Icon: Icon }[] = [
  { href: PLACES.overview, word: 'Overview', Icon: LayoutDashboard },
  { href: PLACES.notifications, word: 'Notifications', Icon: Rows3 },
  { href: PLACES.deadLetters, word: 'Dead letters', Icon: MailWarning },
  { href: PLACES.send, word: 'Send', Icon: Send },
  { href: PLACES.sandbox, word: 'Sandbox', Icon: FlaskConical },
  { href: PLACES.inbox, word: 'Inbox demo', Icon: Inbox },
  { href: PLACES.status, word: 'Status', Icon: Activity },
];

/** On a phone these stand above, as there is no room for them below. */
const ON_TOP = new Set<string>([PLACES.inbox, PLACES.status]);

/** What stands around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const { key, isAsked } = useAccess();
  const isBack = useRef(false);
  useEffect(() => {
    // Back leads to where one was; the browser knows where that is.
    const note = () => {
      isBack.current = true;
    };
    window.addEventListener('popstate', note);
    return () => window.removeEventListener('popstate', note);
  }, []);
  useEffect(() => {
    if (!isBack.current && path !== '') window.scrollTo(0, 0);
    isBack.current = false;
  }, [path]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <Brand />
        <ConnectionMark />
        {NAV.filter(({ href }) => ON_TOP.has(href)).map(({ href, word, Icon }) => (
          <Link
            key={href}
            href={href}
            className="button quiet bare small"
            aria-label={word}
            aria-current={isAt(path, href) ? 'page' : undefined}
          >
            <Icon />
          </Link>
        ))}
        <ThemeButton />
      </header>
      <aside className="side" aria-label="Tidings">
        <Brand />
        <nav className="nav" aria-label="Pages">
          {NAV.map(({ href, word, Icon }) => (
            <Link
              key={href}
              href={href}
              data-top={ON_TOP.has(href) || undefined}
              aria-current={isAt(path, href) ? 'page' : undefined}
            >
              <Icon />
              <span>{word}</span>
              {href === PLACES.deadLetters && !isAsked && <DeadLetterCount />}
            </Link>
          ))}
        </nav>
        <div className="side-foot">
          <div className="side-links nav">
            <a href="/docs/" target="_blank" rel="noreferrer">
              <BookOpen />
              API reference
            </a>
          </div>
          <div className="row side-row">
            <ConnectionMark />
            <div className="row tight">
              {key !== null && (
                <button
                  type="button"
                  className="button quiet bare small"
                  aria-label="Forget the key"
                  title="Forget the key"
                  onClick={forgetKey}
                >
                  <LogOut />
                </button>
              )}
              <ThemeButton />
            </div>
          </div>
        </div>
      </aside>
      <main className="main" id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function Brand() {
  return (
    <Link href={PLACES.overview} className="brand" aria-label="Tidings, to the overview">
      <img src={logo} alt="" width="26" height="26" />
      Tidings
    </Link>
  );
}

function ConnectionMark() {
  const connection = useConnection();
  return (
    <div className="connection" data-state={connection} role="status">
      <i aria-hidden="true" />
      {connection === 'live' ? 'Live' : 'Reconnecting…'}
    </div>
  );
}

const MOST_COUNTED = 20;

/** That there are any is what matters; a list tells no totals. */
function DeadLetterCount() {
  const { data } = useDeadLetters({ limit: MOST_COUNTED }, CALM);
  const count = data?.data.length ?? 0;
  if (count === 0) return null;
  const words = data?.next_cursor === null ? String(count) : `${MOST_COUNTED}+`;
  return <span className="count figure">{words}</span>;
}

function isAt(path: string, href: string): boolean {
  if (href === PLACES.overview) return path === href || path === '/ui';
  return path === href || path.startsWith(`${href}/`);
}
