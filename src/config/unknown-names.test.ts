import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unknownNames } from './unknown-names.ts';

const SETTINGS = ['API_KEYS', 'API_PORT', 'AUTH', 'DATABASE_URL', 'PORT', 'SMTP_HOST', 'SMTP_PASSWORD', 'SMTP_PORT'];
const ofFile = (...names: readonly string[]) => unknownNames(inEnv(...names), {}, SETTINGS);
const ofEnvironment = (...names: readonly string[]) => unknownNames({}, inEnv(...names), SETTINGS);

function inEnv(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, 's3cret']));
}

describe('names that are no settings', () => {
  test('are not found among settings, their other names and what is known to be for others', () => {
    const known = [...SETTINGS, 'EMAIL_HOST', 'REDIS_URL', 'MONGO_URI', 'TIDINGS_PASSWORD'];
    assert.deepEqual(ofFile(...known), []);
    assert.deepEqual(ofEnvironment(...known), []);
  });

  for (const [name, meant] of [
    ['SMTP_PASWORD', 'SMTP_PASSWORD'],
    ['SMTP_PASSWROD', 'SMTP_PASSWORD'],
    ['smtp_host', 'SMTP_HOST'],
    ['TIDINGS_API_KEYS', 'API_KEYS'],
    ['TIDINGS_SMTP_HOTS', 'SMTP_HOST'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['EMIAL_HOST', 'EMAIL_HOST'],
    ['PROT', 'PORT'],
  ] as const) {
    test(`in .env are told with what may be meant: ${name}`, () => {
      assert.deepEqual(ofFile(name), [`.env: ${name} is not a setting; did you mean ${meant}?`]);
    });
  }

  test('in .env that are near to nothing are told in one sentence', () => {
    assert.deepEqual(ofFile('SECRET_KEY', 'DEBUG', 'SMTP_HOTS'), [
      '.env: SMTP_HOTS is not a setting; did you mean SMTP_HOST?',
      '.env: SECRET_KEY, DEBUG are not used: no setting of Tidings is called that.',
    ]);
  });

  test('are only counted where they could be the end of a secret', () => {
    const pieces = ['MIIEvQIBADANBgkqhkiG9w0BAQ', 'Zm9vYmFy', 'a b', `X${'Y'.repeat(40)}`];
    assert.deepEqual(ofFile('DEBUG', ...pieces), [
      '.env: DEBUG, 4 lines more are not used: no setting of Tidings is called that.',
    ]);
    assert.deepEqual(ofFile('Zm9vYmFy'), ['.env: 1 line more is not used: no setting of Tidings is called that.']);
  });

  test('in the environment are told only if they are ours, or a slip away from a setting', () => {
    const ordinary = [
      'PATH',
      'HOST',
      'HOME',
      'HTTP_PORT',
      'HTTP_HOST',
      'MATH',
      'SORT',
      'SECRET_KEY',
      'DATABASE_USER',
      'LANG',
      'SMTP',
    ];
    assert.deepEqual(ofEnvironment(...ordinary), []);
    assert.deepEqual(ofEnvironment('SMTP_HOTS', 'DATABSE_ULR', 'API_KEY', 'TIDINGS_FOO'), [
      'SMTP_HOTS is not a setting; did you mean SMTP_HOST?',
      'DATABSE_ULR is not a setting; did you mean DATABASE_URL?',
      'API_KEY is not a setting; did you mean API_KEYS?',
      'TIDINGS_FOO is not used: no setting of Tidings is called that.',
    ]);
  });

  test('in the environment are not told where the setting itself is set', () => {
    assert.deepEqual(unknownNames({ API_KEYS: 'k' }, { API_KEY: 'k', SMTP_HOTS: 'h', SMTP_HOST: 'h' }, SETTINGS), []);
  });

  test('that Kubernetes sets for a service called tidings are not told', () => {
    const env = {
      TIDINGS_SERVICE_HOST: '10.0.0.1',
      TIDINGS_SERVICE_PORT: '80',
      TIDINGS_SERVICE_PORT_HTTP: '80',
      TIDINGS_PORT: 'tcp://10.0.0.1:80',
      TIDINGS_PORT_80_TCP: 'tcp://10.0.0.1:80',
      TIDINGS_PORT_80_TCP_ADDR: '10.0.0.1',
      TIDINGS_API_SERVICE_HOST: '10.0.0.2',
    };
    assert.deepEqual(unknownNames({}, env, SETTINGS), []);
    assert.equal(unknownNames({}, { TIDINGS_PORT: '9000' }, SETTINGS).length, 1);
  });

  test('never come with their values', () => {
    assert.doesNotMatch([...ofFile('SMTP_HOTS', 'X1'), ...ofEnvironment('TIDINGS_X', 'SMTP_HOTS')].join(), /s3cret/);
  });
});
