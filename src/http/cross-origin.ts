import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What a page may send beside what it always may. No `X-API-Key`: a key has no place in a page. */
const TAKES = 'Authorization, Content-Type, Last-Event-ID, X-Request-Id';
/** What a page may read beside what it always may. */
const SHOWS = 'RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id';
/** How long a browser need not ask again, in seconds: the longest that any of them believes is a day, most stop at this. */
const REMEMBERED = '7200';

/** Which routes pages from elsewhere may use. */
export interface CrossOrigin {
  /** Every route that is registered in this part from here on. */
  open(part: FastifyInstance): void;
  /**
   * Answers browsers that ask, for each of the routes so far, whether they may. In a part where no key is asked for:
   * such a question carries none.
   */
  preflights(part: FastifyInstance): void;
  /** Whether a request is such a question. Nobody counts them: to answer costs less than to refuse. */
  isPreflight(request: FastifyRequest): boolean;
}

/**
 * Origins are compared as a whole. Cookies are never meant, so nothing is said of credentials. A page can read no
 * refusal either without the headers, so this is to be called before anybody else looks at requests.
 */
export function crossOrigin(app: FastifyInstance, origins: ReadonlySet<string>): CrossOrigin {
  const routes = new Map<string, Set<string>>();
  const isOpen = ({ routeOptions: { url } }: FastifyRequest) => url !== undefined && routes.has(url);
  if (origins.size > 0) {
    app.addHook('onRequest', (request, reply, done) => {
      if (isOpen(request)) welcome(request, reply, origins);
      done();
    });
  }
  return {
    open(part) {
      if (origins.size === 0) return;
      part.addHook('onRoute', ({ url, method }) => {
        const methods = routes.get(url) ?? new Set();
        for (const one of [method].flat()) methods.add(one);
        routes.set(url, methods);
      });
    },
    preflights(part) {
      for (const [url, methods] of routes) {
        const allowed = [...methods].sort().join(', ');
        part.options(url, { schema: { hide: true } }, (_request, reply) => answer(reply, allowed));
      }
    },
    isPreflight: (request) => request.method === 'OPTIONS' && isOpen(request),
  };
}

function welcome({ headers: { origin } }: FastifyRequest, reply: FastifyReply, origins: ReadonlySet<string>): void {
  // What a cache keeps for one page is not to be given to another.
  reply.header('vary', 'Origin');
  if (origin === undefined || !origins.has(origin)) return;
  reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': SHOWS });
}

function answer(reply: FastifyReply, allowed: string): FastifyReply {
  if (reply.hasHeader('access-control-allow-origin')) {
    reply.headers({
      'access-control-allow-methods': allowed,
      'access-control-allow-headers': TAKES,
      'access-control-max-age': REMEMBERED,
    });
  }
  return reply.code(204).send();
}
