import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy, { type MiddlewareObj, type Request } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { echo } from '../echo.ts';
import { asFerryError, FerryError } from '../errors.ts';
import { log } from '../log.ts';
import { userAgent } from '../openstack/credentials.ts';
import { keystoneRoot } from '../openstack/keystone.ts';
import { authenticationRequired } from '../openstack/validate-token.ts';
import type { RequestId, Token } from '../schemas/ids.ts';
import { type Address, addressOf } from './address.ts';
import { errorForm, glanceError } from './glance-error.ts';

type Result = APIGatewayProxyStructuredResultV2;
type Event = APIGatewayProxyEventV2;
type HttpRequest = Request<Event, Result>;
type Middleware = MiddlewareObj<Event, Result>;

/** A request whose method is allowed and that carries a token; whether it is a good one, Keystone says. */
export interface HttpCall extends Address {
  readonly imageId: string;
  readonly token: Token;
  readonly body: string | undefined;
  header(name: string): string | undefined;
  readonly requestId: RequestId;
  readonly signal: AbortSignal;
}

export interface HttpOptions {
  /** The method that this function answers; OPTIONS is answered for it. */
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Further ones that the resource has, of which other functions take care. */
  readonly beside?: readonly string[];
  /** For `WWW-Authenticate` (keystonemiddleware's www_authenticate_uri). @param region in the path */
  readonly authUrl: (region: string | undefined) => string;
  /** Decides in which form an error comes to a reader who takes any. */
  readonly contract: 'ferry' | 'glance';
}

const answerReserve = 1_000; // ms kept for the answer itself

/** Lambda's own id of the invocation is a UUID, so one id leads from an answer to the platform's logs. */
const requestIdOf = ({ awsRequestId }: Context): RequestId => `req-${awsRequestId}` as RequestId;

/** Every answer, also of an error, carries Glance's `x-openstack-request-id`; so does every line of the log. */
const requestIds = (): Middleware => {
  const after = ({ response, context }: HttpRequest) => {
    if (response) response.headers = { ...response.headers, 'x-openstack-request-id': requestIdOf(context) };
  };
  return {
    before: ({ context }) => {
      log.appendKeys({ request_id: requestIdOf(context) });
    },
    after,
    onError: after,
  };
};

const allowed = ({ method, beside = [] }: HttpOptions): string => [method, ...beside].sort().join(', ');

const extraHeaders = (
  error: FerryError,
  { pathParameters }: Event,
  options: HttpOptions,
): Result['headers'] => {
  if (error.code === 'method-not-allowed') return { allow: allowed(options) };
  // keystonemiddleware's form, so that clients know where to get a token.
  if (error.code === 'unauthorized')
    return {
      'www-authenticate': `Keystone uri="${keystoneRoot(options.authUrl(pathParameters?.['region']))}"`,
    };
  return {};
};

/** The signal of a call ends with a TimeoutError. */
const callError = (thrown: unknown): FerryError =>
  thrown instanceof DOMException && thrown.name === 'TimeoutError'
    ? new FerryError('out-of-time', 'The services behind this one did not answer in time.', { cause: thrown })
    : asFerryError(thrown);

const errorAnswers = (options: HttpOptions): Middleware => ({
  onError: (request) => {
    const error = callError(request.error);
    log[error.status >= 500 ? 'error' : 'info']('request refused', { status: error.status, error });
    const { accept, 'user-agent': reader } = request.event.headers;
    const form = errorForm({ accept, userAgent: reader, contract: options.contract });
    const answer = glanceError(error, form);
    request.response = {
      ...answer,
      headers: { ...answer.headers, ...extraHeaders(error, request.event, options) },
    };
  },
});

/** 405 with `Allow` for other methods (RFC 9110 15.5.6). */
const methodNotAllowed = (method: string): FerryError =>
  new FerryError('method-not-allowed', `The method ${echo(method)} is not allowed for this resource.`);

/** Glance answers OPTIONS so, to anybody. */
const optionsAnswer = (options: HttpOptions): Result => ({
  statusCode: 200,
  headers: { allow: allowed(options) },
  body: '',
});

/** Bytes; every body that means something here has less than 10 KiB. */
const longestBody = 64 * 1024;

/** In webob's words. */
const tooLarge = (): FerryError =>
  new FerryError('limit-exceeded', 'The body of your request was too large for this server.');

/** @throws FerryError `limit-exceeded` before anything is made of a body that is too large */
const bodyOf = ({ body, isBase64Encoded }: Event): string | undefined => {
  if (!body) return undefined;
  const encoding = isBase64Encoded ? 'base64' : 'utf8';
  if (Buffer.byteLength(body, encoding) > longestBody) throw tooLarge();
  return Buffer.from(body, encoding).toString('utf8');
};

/**
 * Of a request that this program has sent: where a proxy before Glance leads to us, or we have several names, our URL in
 * the catalog is not known for ours (own-url.ts). Each request would set off the next one.
 */
const askedByUs = (): FerryError =>
  new FerryError(
    'bad-request',
    'The catalog leads from this service to itself: it needs OS_INTERFACE=internal, or another interface at which ' +
      'Glance itself is reached',
  );

const callOf = (event: Event, context: Context): HttpCall => {
  const { 'x-auth-token': token, 'user-agent': asker } = event.headers;
  if (!token) throw authenticationRequired();
  if (asker === userAgent) throw askedByUs();
  return {
    ...addressOf(event),
    imageId: event.pathParameters?.['image_id'] ?? '',
    token: token as Token,
    body: bodyOf(event),
    header: (name) => event.headers[name],
    requestId: requestIdOf(context),
    signal: AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - answerReserve)),
  };
};

/** The path of the gateway's route, `/v2/images/{image_id}/import`, whatever stands in its places. */
export const routeOf = ({ routeKey }: Pick<Event, 'routeKey'>): string =>
  routeKey.slice(routeKey.indexOf(' ') + 1);

/** The stack of every HTTP function: log context, request id, Glance-shaped errors, allowed method, then the answer. */
const httpStack = (options: HttpOptions, answer: (event: Event, context: Context) => Promise<Result>) => {
  const answerTo = async (event: Event, context: Context): Promise<Result> => {
    const { method } = event.requestContext.http;
    if (method === 'OPTIONS') return optionsAnswer(options);
    if (method !== options.method) throw methodNotAllowed(method);
    return await answer(event, context);
  };
  // Events hold the caller's token, whatever POWERTOOLS_LOGGER_LOG_EVENT says.
  const context = injectLambdaContext(log, { resetKeys: true, logEvent: false });
  return middy<Event, Result>().use(context).use(requestIds()).use(errorAnswers(options)).handler(answerTo);
};

/** An HTTP function for callers with a token. */
export const httpHandler = (options: HttpOptions, answer: (call: HttpCall) => Promise<Result>) =>
  httpStack(options, (event, context) => answer(callOf(event, context)));

/** An HTTP function for everybody; it gets the address and the gateway's route, `/regions/{region}/versions`. */
export const openHandler = (
  options: HttpOptions,
  answer: (asked: Address & { readonly route: string }) => Result,
) => httpStack(options, async (event) => answer({ ...addressOf(event), route: routeOf(event) }));

/** A JSON answer. */
export const json = (statusCode: number, body: unknown, headers: Record<string, string> = {}): Result => ({
  statusCode,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
