import { useHealth, useServiceStatus } from '../../api/queries.ts';
import type { Health, ServiceStatus } from '../../api/types.ts';
import { ChannelName } from '../../parts/channel.tsx';
import { CircleCheck, CircleX } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Panel } from '../../parts/panel.tsx';
import { reasonWords } from '../../parts/reason-words.ts';
import { Bones, Failed, Stale } from '../../parts/states.tsx';
import { Countdown, When } from '../../parts/when.tsx';

/** What runs here, and whether it runs well. */
export function StatusPage() {
  const health = useHealth();
  const status = useServiceStatus();
  const error = health.error ?? status.error;
  return (
    <Page title="Status" lead={health.data === undefined ? ' ' : HEADLINES[health.data.status]}>
      {error !== null && health.data !== undefined && status.data !== undefined && <Stale error={error} />}
      <Panel title="Health">
        {health.data === undefined ? (
          health.error === null ? (
            <Bones lines={2} label="Health is loading" />
          ) : (
            <Failed error={health.error} again={() => void health.refetch()} />
          )
        ) : (
          <Parts parts={health.data.parts} />
        )}
      </Panel>
      {status.data === undefined ? (
        <div className="panel">
          {status.error === null ? (
            <Bones lines={12} label="The status is loading" />
          ) : (
            <Failed error={status.error} again={() => void status.refetch()} />
          )}
        </div>
      ) : (
        <>
          <div className="trip">
            <Channels status={status.data} />
            <Process status={status.data} />
          </div>
          <Settings settings={status.data.settings} />
        </>
      )}
    </Page>
  );
}

const HEADLINES: Readonly<Record<string, string>> = {
  ok: 'Everything works.',
  degraded: 'It works, but a part it can do without does not.',
  failing: 'A part that is needed does not work.',
};

const PART_NAMES: Readonly<Record<string, string>> = {
  store: 'Store',
  queue: 'Queue',
  worker: 'Worker',
  queue_age: 'Age of the queue',
};
const GOOD: Readonly<Record<string, string>> = {
  store: 'A durable write works.',
  queue: 'It can be reached.',
  worker: 'It goes round.',
  queue_age: 'Nothing that is due lies for long.',
};

function Parts({ parts }: { parts: Health['parts'] }) {
  return (
    <ul className="parts">
      {Object.entries(parts).map(([name, { ok, detail }]) => {
        const Icon = ok ? CircleCheck : CircleX;
        return (
          <li key={name} className="part" data-ok={ok}>
            <Icon />
            <div>
              <strong>
                {PART_NAMES[name] ?? name}
                <span className="unseen">{ok ? ': works' : ': does not work'}</span>
              </strong>
              <p>{detail ?? (ok ? GOOD[name] : '')}</p>
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function Channels({ status }: { status: ServiceStatus }) {
  return (
    <Panel
      title="Channels and providers"
      side={<span className="dim">in the order in which they are tried</span>}
      flush
    >
      <table className="table channels">
        <thead>
          <tr>
            <th scope="col">Channel</th>
            <th scope="col">Providers</th>
          </tr>
        </thead>
        <tbody>
          {status.channels.map(({ channel, providers }) => (
            <tr key={channel}>
              <td>
                <ChannelName channel={channel} />
              </td>
              <td>
                <ul className="row wraps">
                  {providers.map((provider) => (
                    <li key={provider.id}>
                      <Provider {...provider} />
                    </li>
                  ))}
                </ul>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

type ProviderState = ServiceStatus['channels'][number]['providers'][number];

function Provider({ id, state, paused_until: until, cause }: ProviderState) {
  if (state === 'sandbox') return <span className="badge">sandbox</span>;
  if (state === 'live') {
    return (
      <span className="badge" data-tone="green">
        <i aria-hidden="true" />
        {id}: live
      </span>
    );
  }
  return (
    <span className="badge" data-tone="amber">
      <i aria-hidden="true" />
      {id}: left alone{until !== null && <Countdown to={until} />}
      {cause !== null && `(${reasonWords(cause).toLowerCase()})`}
    </span>
  );
}

function Process({ status }: { status: ServiceStatus }) {
  const facts = [
    ['Version', status.version],
    ['Node', status.node],
    ['Store', STORES[status.store] ?? status.store],
    ['Queue', QUEUES[status.queue] ?? status.queue],
    ['Roles', status.roles.join(', ')],
    ['Access', status.access === 'keys' ? 'with an API key' : 'open, no key is asked for'],
  ];
  return (
    <Panel title="This process">
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>Started</dt>
          <dd>
            <When at={status.started_at} />
          </dd>
        </div>
        <div>
          <dt>See also</dt>
          <dd className="row wraps">
            <a href="/docs/">API reference</a>
            <a href="/docs/errors">Errors</a>
            <a href="/health/ready">Readiness</a>
          </dd>
        </div>
      </dl>
    </Panel>
  );
}

const STORES: Readonly<Record<string, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };
const QUEUES: Readonly<Record<string, string>> = {
  database: 'The store itself',
  redis: 'Redis Streams',
  rabbitmq: 'RabbitMQ',
};

function Settings({ settings }: { settings: ServiceStatus['settings'] }) {
  return (
    <Panel title="Configuration" side={<span className="dim">secrets are masked</span>} flush>
      <table className="table settings">
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {settings.map(({ name, value, is_default }) => (
            <tr key={name}>
              <td className="mono words">{name}</td>
              <td className="words">
                <span className="mono">{value}</span> {is_default && <span className="dim">default</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
