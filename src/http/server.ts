import { type FastifyInstance, type FastifyRequest, fastify, type preValidationHookHandler } from 'fastify';
import type { TSchema } from 'typebox';
import { admission } from './admission.ts';
import { answerErrors } from './answer-errors.ts';
import { type Auth, askForKey, askForUser, createAuth } from './auth.ts';
import { clientAddresses } from './client-address.ts';
import { DOOR_WAYS_IN, doors } from './compat/doors.ts';
import { welcomeRoute } from './compat/welcome.ts';
import { guardConnections } from './connections.ts';
import { closed } from './contract/forms.ts';
import { shapeOf } from './contract/shape.ts';
import { crossOrigin } from './cross-origin.ts';
import { HTTP_LIMITS, type HttpDeps, type HttpLimits } from './deps.ts';
import { countBodies, type FrontDoorOptions, guardFrontDoor } from './front-door.ts';
import { knownRoutes } from './known-routes.ts';
import { overloadGate } from './overload.ts';
import { ProblemError, sendProblem } from './problem-reply.ts';
import { type RateGuard, rateGuard } from './rate-limits.ts';
import { codeOfConnection, refusalOf, refuseConnection } from './refusals.ts';
import { requestIdOf } from './request-id.ts';
import { dashboardPage, dashboardRoutes } from './routes/dashboard.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { docsRoutes, openApi } from './routes/docs.ts';
import { healthRoutes } from './routes/health.ts';
import { inboxRoutes } from './routes/inbox.ts';
import { METRICS, metricsRoute } from './routes/metrics.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { operationRoutes } from './routes/operations.ts';
import { type ReceiptDeps, receiptPaths, receiptRoutes } from './routes/receipts.ts';
import { sendRoutes, WAYS_IN } from './routes/send.ts';
import { statusRoutes } from './routes/status.ts';
import { eventStreamRoutes, inboxStreamRoutes } from './routes/streams.ts';
import { userTokenRoutes } from './routes/user-tokens.ts';
import { eventStreams } from './streams/event-streams.ts';
import { strictJson } from './strict-json.ts';
import { takeTurns } from './turns.ts';

/** The HTTP side of the service, put together but not listening. */
export function createServer(deps: HttpDeps): FastifyInstance {
  const limits = { ...HTTP_LIMITS, ...deps.limits };
  const app = bareServer(deps, limits);
  const auth = createAuth(deps.apiKeys, deps.tokens);
  /** Routes that are open to everybody: no key is asked for, and nobody counts how often they are asked for. */
  const open = new Set<string>();

  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => (httpPart === 'body' ? bodyCheck(schema) : () => true));
  readBodies(app);
  // First of all: its turn comes before a request is looked at.
  const turns = takeTurns();
  guardConnections(app, limits, turns);
  const { clock, random, newRequestId, log } = deps;
  const gate = overloadGate({ clock, limits: limits.overload, onRefused: deps.onRefused });
  const mostBytes = limits.manyBytes;
  const waysIn = new Set([...WAYS_IN, ...DOOR_WAYS_IN, ...receiptPaths(deps.receipts)]);
  const door: FrontDoorOptions = { gate, turns, waysIn, mostBytes, clock, random, newRequestId, log };
  guardFrontDoor(app, door);
  const elsewhere = crossOrigin(app, new Set(deps.inboxOrigins));
  const guard = rateGuardOf(deps, auth);
  const sparingGuard = sparing(guard, (request) => {
    const { url = '' } = request.routeOptions;
    return open.has(url) || (url === METRICS && auth.isAllowed(request.raw)) || elsewhere.isPreflight(request);
  });
  const guardOthers = guard === unlimited ? unlimited : sparingGuard;
  admission(app, { limits, routes: knownRoutes(app), auth, rateGuard: guardOthers });
  answerErrors(app, deps);

  const streams = eventStreams(app, { ...deps, heartbeatMs: limits.heartbeatMs });
  app.register(async (root) => {
    await openApi(root, deps);
    await root.register(async (everybody) => {
      everybody.addHook('onRoute', ({ url }) => void open.add(url));
      healthRoutes(everybody, deps);
      dashboardRoutes(everybody, deps);
      welcomeRoute(everybody, dashboardPage(deps.dashboard));
      await docsRoutes(everybody);
    });
    await root.register(async (vendors) => {
      vendors.addHook('onRoute', ({ url }) => void open.add(url));
      countBodies(vendors, door);
      receiptRoutes(vendors, { ...(deps.receipts ?? NO_RECEIPTS), random, rateGuard: guard, mostBytes });
    });
    await root.register(async (keyed) => {
      askForKey(keyed, auth);
      metricsRoute(keyed, deps.metrics);
    });
    await root.register(
      async (api) => {
        askForKey(api, auth);
        await api.register(async (ways) => {
          countBodies(ways, door);
          sendRoutes(ways, { ...deps, accept: gate.watched(deps.accept) });
        });
        notificationRoutes(api, deps);
        eventStreamRoutes(api, deps, streams);
        deadLetterRoutes(api, deps);
        operationRoutes(api, deps);
        statusRoutes(api, deps);
        userTokenRoutes(api, deps);
      },
      { prefix: '/api/v1' },
    );
    await root.register(
      async (inboxes) => {
        askForUser(inboxes, auth);
        elsewhere.open(inboxes);
        inboxRoutes(inboxes, deps);
        inboxStreamRoutes(inboxes, deps, streams, auth);
      },
      { prefix: '/api/v1' },
    );
    elsewhere.preflights(root);
    await root.register(async (compat) => {
      countBodies(compat, door);
      await doors(compat, { ...deps, accept: gate.watched(deps.accept), auth });
    });
  });
  return app;
}

const NO_RECEIPTS: ReceiptDeps = {
  readers: new Map(),
  receive: () => Promise.resolve('unknown'),
  onOther: () => undefined,
};

const unlimited: RateGuard = (_request, _reply, pass) => pass();

/** The limits on how often a client may ask. */
function rateGuardOf({ rateLimits, trustedProxies = [] }: HttpDeps, { keyOf, tokenOf }: Auth): RateGuard {
  if (rateLimits === undefined) return unlimited;
  return rateGuard({ ...rateLimits, keyOf, tokenOf, addressOf: clientAddresses(trustedProxies) });
}

/**
 * Probes, which come from supervisors, and the documentation have no limits; nor has whoever may read the figures, as
 * they are needed most when others ask too often. Vendors' requests are counted once it shows that they are none.
 */
function sparing(guard: RateGuard, isFree: (request: FastifyRequest) => boolean): RateGuard {
  return (request, reply, pass) => {
    if (isFree(request)) pass();
    else guard(request, reply, pass);
  };
}

/** The framework with everything off that would answer, convert or log by itself. */
export function bareServer(
  deps: Pick<HttpDeps, 'random' | 'newRequestId' | 'log'>,
  limits: HttpLimits,
): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    return503OnClosing: false,
    routerOptions: { maxParamLength: limits.urlCharacters },
    schemaController: { compilersFactory: { buildValidator: isSet, buildSerializer: isSet } },
    http: {
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: 500,
      maxHeaderSize: 16_384,
      // Node would answer without a problem document; admission refuses it.
      requireHostHeader: false,
    },
    genReqId: (request) => requestIdOf(request.headers, deps.newRequestId),
    frameworkErrors: (error, request, reply) => {
      const { code, details } = refusalOf(error, deps.random);
      sendProblem(reply, code, details);
      const line = { method: request.method, route: null, status: reply.statusCode, durationMs: 0 };
      deps.log({ ...line, requestId: request.id });
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || socket.destroyed) return;
      const code = codeOfConnection(error.code);
      const requestId = deps.newRequestId();
      refuseConnection(socket, code, requestId);
    },
  });
  // Response schemas only describe: a serializer made of them would leave out silently what they forget.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.server.on('checkExpectation', (request, response) => {
    response.on('error', () => undefined);
    refuseConnection(response.socket ?? request.socket, 'expectation_failed', deps.newRequestId());
  });
  // Nothing is tunnelled; without a listener Node would hang up without a word.
  app.server.on('connect', (_request, socket) => refuseConnection(socket, 'bad_request', deps.newRequestId()));
  return app;
}

/** Stands where the framework would load compilers of its own, Ajv and more, before others are set in their place. */
function isSet(): never {
  throw new Error('what has a schema needs a compiler that was set');
}

function bodyCheck(schema: TSchema) {
  const shape = shapeOf(schema);
  return (value: unknown) => {
    const faults = shape(value);
    return faults.length === 0 ? { value } : { error: new ProblemError('invalid_request', { faults }) };
  };
}

const nothing = shapeOf(closed({}));

/** One media type, one parser. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    const read = strictJson(bytes);
    if (read.ok) return done(null, read.value);
    const where = read.pointer === null || read.pointer === '' ? undefined : `At ${read.pointer.slice(0, 500)}.`;
    done(new ProblemError(read.code, where === undefined ? {} : { detail: where }));
  });
  // A body where none is expected may only be an empty object.
  const takeNothing: preValidationHookHandler = (request, _reply, done) => {
    if (request.body === undefined || request.body === null) return done();
    const faults = nothing(request.body);
    done(faults.length === 0 ? undefined : new ProblemError('invalid_request', { faults }));
  };
  app.addHook('onRoute', (route) => {
    if (route.schema?.body === undefined) route.preValidation = [takeNothing, ...[route.preValidation ?? []].flat()];
  });
}
