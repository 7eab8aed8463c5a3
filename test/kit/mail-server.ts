import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { selfSignedCertificate } from './certificate.ts';
import { type SmtpReceiver, smtpReceiver } from './smtp-receiver.ts';
import { temporaryFolder } from './tidings-process.ts';

export interface MailServer extends SmtpReceiver {
  /** The settings that make the service use it. */
  readonly env: Readonly<Record<string, string>>;
}

const ACCOUNT = { user: 'tidings@example.com', password: 'mail-password-of-the-test' };

/** A mail server as most are: it takes mail after STARTTLS and a login only. Its certificate is trusted by the service. */
export async function secureMailServer(t: TestContext): Promise<MailServer> {
  const certificate = selfSignedCertificate('localhost', '127.0.0.1');
  const file = join(await temporaryFolder(t), 'certificate.pem');
  await writeFile(file, certificate.cert);
  const receiver = await smtpReceiver({ account: ACCOUNT, tls: certificate });
  atEnd(t, () => receiver.close());
  return withEnv(receiver, {
    ...mailSettings(receiver.port),
    SMTP_USER: ACCOUNT.user,
    SMTP_PASSWORD: ACCOUNT.password,
    SMTP_TLS: 'starttls',
    NODE_EXTRA_CA_CERTS: file,
  });
}

/** A mail server in the same house: no encryption, no login. */
export async function plainMailServer(t: TestContext): Promise<MailServer> {
  const receiver = await smtpReceiver();
  atEnd(t, () => receiver.close());
  return withEnv(receiver, mailSettings(receiver.port));
}

/** The settings for a mail server on a port of this machine. */
export function mailSettings(port: number): Readonly<Record<string, string>> {
  return { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port), SMTP_FROM: 'Tidings <news@example.com>' };
}

/** Not a copy of the receiver: its figures are read through. */
function withEnv(receiver: SmtpReceiver, env: Readonly<Record<string, string>>): MailServer {
  return Object.assign(receiver, { env });
}

/** A port of this machine at which nobody listens: connections to it are refused. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on a port, its address is that of one.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
