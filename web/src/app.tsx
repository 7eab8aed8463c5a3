import { lazy, Suspense } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { useAccess } from './api/key.ts';
import { useLive } from './api/live.ts';
import { DeadLettersPage } from './pages/dead-letters/dead-letters.tsx';
import { NotificationPage } from './pages/notification/notification.tsx';
import { NotificationsPage } from './pages/notifications/notifications.tsx';
import { OverviewPage } from './pages/overview/overview.tsx';
import { SandboxPage } from './pages/sandbox/sandbox.tsx';
import { SendPage } from './pages/send/send.tsx';
import { StatusPage } from './pages/status/status.tsx';
import { Compass } from './parts/icons.tsx';
import { Page } from './parts/page.tsx';
import { Bones, Empty } from './parts/states.tsx';
import { Toasts } from './parts/toasts.tsx';
import { PLACES } from './places.ts';
import { Broken } from './shell/broken.tsx';
import { KeyGate } from './shell/key-gate.tsx';
import { Shell } from './shell/shell.tsx';

/** With it comes the component, which the other pages do not need. */
const InboxPage = lazy(() => import('./pages/inbox/inbox.tsx').then(({ InboxPage: page }) => ({ default: page })));

export function App() {
  const { isAsked } = useAccess();
  const [path] = useLocation();
  return (
    <>
      <Shell>
        {isAsked ? (
          <KeyGate />
        ) : (
          // A page that breaks leaves the others, and the way to them.
          <Broken key={path}>
            <Pages />
          </Broken>
        )}
      </Shell>
      {!isAsked && <Live />}
      <Toasts />
    </>
  );
}

/** Nothing to see: as long as it is there, what is shown is live. */
function Live() {
  useLive();
  return null;
}

function Pages() {
  return (
    <Switch>
      <Route path={PLACES.overview} component={OverviewPage} />
      <Route path="/ui" component={OverviewPage} />
      <Route path={PLACES.notifications} component={NotificationsPage} />
      <Route path={`${PLACES.notifications}/:id`}>{({ id }) => <NotificationPage key={id} id={id} />}</Route>
      <Route path={PLACES.send} component={SendPage} />
      <Route path={PLACES.deadLetters} component={DeadLettersPage} />
      <Route path={PLACES.sandbox} component={SandboxPage} />
      <Route path={PLACES.inbox}>
        <Suspense fallback={<Bones lines={6} label="The inbox demo is loading" />}>
          <InboxPage />
        </Suspense>
      </Route>
      <Route path={PLACES.status} component={StatusPage} />
      <Route>
        <Page title="There is no such page">
          <Empty icon={Compass} title="Nothing is at this address">
            <p>It may have been mistyped, or the page has moved.</p>
            <Link className="button" href={PLACES.overview}>
              To the overview
            </Link>
          </Empty>
        </Page>
      </Route>
    </Switch>
  );
}
