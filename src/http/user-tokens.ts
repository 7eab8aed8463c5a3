import { createSecretKey } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { JWTExpired } from 'jose/errors';
import { SignJWT } from 'jose/jwt/sign';
import { jwtVerify } from 'jose/jwt/verify';
import type { Clock } from '../domain/clock.ts';
import { isUserId } from '../domain/recipient.ts';

const ISSUER = 'tidings';
const AUDIENCE = 'tidings:inbox';
const ALGORITHM = 'HS256';

/** What the clocks of those who sign with the same secret may be apart. */
const SKEW = 10;

/** What a token says: whose it is and until when it is taken, or why it counts for nothing. */
export type TokenReading =
  | { readonly ok: true; readonly userId: string; readonly expiresAt: number }
  | { readonly ok: false; readonly code: 'invalid_token' | 'token_expired' };

/** Short-lived signed tokens with which users reach their own inbox, and nothing else. */
export interface UserTokens {
  mint(userId: string): Promise<{ readonly token: string; readonly expiresAt: number }>;
  /** Never throws because of what stands in the text. */
  read(token: string): Promise<TokenReading>;
}

export interface UserTokenOptions {
  /** The first one signs; a token that any of them has signed is good. */
  readonly secrets: readonly Uint8Array[];
  /** How long a token is good for, in ms. One whose signer has given it longer is not good for longer than this. */
  readonly ttl: number;
  readonly clock: Pick<Clock, 'now'>;
}

export function userTokens({ secrets, ttl, clock }: UserTokenOptions): UserTokens {
  const keys = secrets.map((secret) => createSecretKey(secret));
  const [first] = keys;
  if (first === undefined) throw new Error('tokens need a secret');
  const verified = (token: string, key: (typeof keys)[number]) =>
    jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'exp', 'iat'],
      maxTokenAge: ttl / 1_000,
      clockTolerance: SKEW,
      currentDate: new Date(clock.now()),
    });
  return {
    async mint(userId) {
      const now = Math.floor(clock.now() / 1_000);
      const end = now + Math.floor(ttl / 1_000);
      const token = await new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setIssuedAt(now)
        .setExpirationTime(end)
        .sign(first);
      return { token, expiresAt: end * 1_000 };
    },
    async read(token) {
      let refusal: TokenReading = { ok: false, code: 'invalid_token' };
      for (const key of keys) {
        try {
          return readingOf((await verified(token, key)).payload, ttl);
        } catch (error) {
          // Only one whose signature is good is told that it has expired.
          if (error instanceof JWTExpired) refusal = { ok: false, code: 'token_expired' };
        }
      }
      return refusal;
    },
  };
}

function readingOf({ sub, exp, iat }: JWTPayload, ttl: number): TokenReading {
  if (sub === undefined || !isUserId(sub) || exp === undefined || iat === undefined) {
    return { ok: false, code: 'invalid_token' };
  }
  return { ok: true, userId: sub, expiresAt: Math.min(exp * 1_000, iat * 1_000 + ttl) + SKEW * 1_000 };
}
