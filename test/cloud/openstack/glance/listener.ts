import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { newRequestId } from '../http/request-id.ts';
import type { Listener } from '../http/server.ts';
import type { Keystone } from '../keystone/keystone.ts';
import type { AccessRules } from './access.ts';
import { callerOf, serviceUserOf } from './authenticate.ts';
import { errorBody, titleOf } from './error-body.ts';
import { BareServerError, GlanceError, serverError } from './errors.ts';
import { type Answer, contentType, header } from './request.ts';
import type { RequestLog } from './request-log.ts';
import { matchRoute, type Routes } from './router.ts';
import { versionDocument } from './versions.ts';

export interface ListenerOptions {
  readonly routes: Routes;
  readonly keystone: Keystone;
  readonly log: RequestLog;
  /** They may change between two requests. */
  rules(): AccessRules;
}

/** From the socket to the handler and back: versions, token, route, error bodies. */
export function glanceListener({ routes, keystone, log, rules }: ListenerOptions): Listener {
  return async (incoming, outgoing) => {
    const entry = log.add(incoming);
    outgoing.once('close', () => {
      entry.status = outgoing.headersSent ? outgoing.statusCode : undefined;
    });
    const requestId = newRequestId();
    try {
      await send(outgoing, await answerTo());
    } catch (error) {
      sendError(incoming, outgoing, error, requestId);
    }

    async function answerTo(): Promise<Answer> {
      const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://localhost');
      const unversioned = versionAnswer(pathname, `http://${incoming.headers.host}`);
      if (unversioned) return unversioned;
      if (incoming.method === 'OPTIONS') return { status: 200, headers: { 'Content-Length': 0 } };
      const caller = callerOf(incoming, keystone, rules());
      entry.user = caller.userName;
      entry.serviceUser = serviceUserOf(incoming, keystone.tokens);
      const { handler, params } = matchRoute(routes, incoming.method ?? '', pathname);
      const param = (name: string): string => params.get(name) ?? '';
      const request = { incoming, outgoing, caller, requestId, query: searchParams, param, fault: undefined };
      const answer = await handler(request);
      return { ...answer, headers: { ...answer.headers, 'X-Openstack-Request-Id': requestId } };
    }
  };
}

/** Answered without a token: version documents, and 300 for any version Glance does not know. */
function versionAnswer(path: string, url: string): Answer | undefined {
  if (path === '/versions') return { status: 200, json: versionDocument(url) };
  if (path === '/v2') return { status: 302, headers: { Location: `${url}/v2/`, 'Content-Length': 0 } };
  return path.startsWith('/v2/') ? undefined : { status: 300, json: versionDocument(url) };
}

async function send(outgoing: ServerResponse, { status, headers, json, body, read }: Answer): Promise<void> {
  if (body) {
    outgoing.writeHead(status, { ...headers }).flushHeaders();
    read?.bodyBegins(outgoing);
    return pipeline(body, outgoing);
  }
  if (json === undefined) return void outgoing.writeHead(status, { ...headers }).end();
  const text = JSON.stringify(json);
  const length = Buffer.byteLength(text);
  outgoing.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': length, ...headers });
  outgoing.end(text);
}

function sendError(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  error: unknown,
  requestId: string,
): void {
  if (outgoing.headersSent || incoming.socket.destroyed) return void outgoing.destroy();
  if (error instanceof BareServerError)
    return void outgoing
      .writeHead(500, { 'Content-Type': 'text/plain', 'Content-Length': 0, Connection: 'close' })
      .end();
  if (!(error instanceof GlanceError)) console.error(error);
  const refusal = error instanceof GlanceError ? error : serverError();
  const { method = '' } = incoming;
  const accept = header(incoming, 'accept');
  const { contentType: type, text } = errorBody(refusal, {
    method,
    contentType: contentType(incoming),
    accept,
  });
  const isHead = method === 'HEAD';
  outgoing.writeHead(refusal.status, titleOf(refusal.status), {
    'Content-Type': isHead ? 'text/html; charset=UTF-8' : type,
    'Content-Length': isHead ? 0 : Buffer.byteLength(text),
    // keystonemiddleware refuses before there is a request id.
    ...(refusal.status === 401 ? {} : { 'X-Openstack-Request-Id': requestId }),
    ...refusal.headers,
  });
  outgoing.end(isHead ? '' : text);
}
