import { SQSClient } from '@aws-sdk/client-sqs';
import { currentInvocation, type Invocation, never, outsideInvocations, type Run } from './context.ts';
import { faultHeader, originHeader } from './fault-server.ts';
import type { Fault } from './faults.ts';
import { type Interception, replaceMethod } from './intercept.ts';
import { idsIn, operationOf, textOf } from './operations.ts';

/** The part of the SDK's requests that is used here. */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  clone?(): SdkRequest;
}

interface SdkHandler {
  handle(
    request: SdkRequest,
    options: unknown,
  ): Promise<{ readonly response: { readonly body?: { resume?(): void } } }>;
}

/** The class behind every client of the SDK, whose package is not ours to name. */
const handlerPrototype = (): SdkHandler => {
  const client = new SQSClient({ region: 'us-east-1' });
  return Object.getPrototypeOf(client.config.requestHandler) as SdkHandler;
};

const timeout = (): Error =>
  Object.assign(new Error('socket timed out'), { name: 'TimeoutError', code: 'ETIMEDOUT' });

const detour = (request: SdkRequest, fault: Fault, { faults }: Interception): SdkRequest => {
  const { protocol, hostname, port } = request;
  const headers = {
    ...request.headers,
    [faultHeader]: faults.plan(fault),
    [originHeader]: `${protocol}//${hostname}:${port}`,
  };
  return Object.assign(Object.create(Object.getPrototypeOf(request)), request, {
    ...{ headers, hostname: '127.0.0.1', port: faults.port },
  });
};

/** Of targets and copies; seats are everybody's. */
const nameSubjects = ({ subjects }: Run, body: string): void => {
  for (const [, name = '""'] of body.matchAll(/"subject":\{"S":("(?:[^"\\]|\\.)+")/g)) {
    const subject = String(JSON.parse(name));
    if (idsIn(subject).length > 0) subjects.add(subject);
  }
};

const callOf = (invocation: Invocation, request: SdkRequest, { services }: Interception) => {
  const service = services.get(`${request.hostname}:${request.port}`);
  if (!service) throw new Error(`no service at ${request.hostname}:${request.port}`);
  const key = /\/(copies\/[^/?]+\/[^/?]+)/.exec(request.path)?.[1];
  if (service === 's3' && key) invocation.run.relayKeys.add(key);
  if (service === 'sqs') invocation.run.send(textOf(request.body));
  if (service === 'dynamodb') nameSubjects(invocation.run, textOf(request.body));
  const operation = operationOf(service, {
    method: request.method,
    path: request.path,
    query: new Set(Object.keys(request.query ?? {})),
    target: request.headers['x-amz-target'],
    body: request.body,
  });
  const { run, step, number } = invocation;
  return run.calls.add({ step, invocation: number, service, operation });
};

/** S3, SQS and DynamoDB, through the request handler of the SDK. */
export const interceptAws = (interception: Interception): void => {
  replaceMethod(
    handlerPrototype(),
    'handle',
    (handle) =>
      async function (this: SdkHandler, request, options) {
        const invocation = currentInvocation();
        if (!invocation) return await handle.call(this, request, options);
        if (invocation.isDead) return await never();
        const fate = invocation.run.plan.fateOf(callOf(invocation, request, interception));
        if (fate.kind === 'die' && fate.when === 'before') invocation.die();
        if (invocation.isDead) return await never();
        if (fate.kind === 'fault' && fate.fault.kind === 'timeout') throw timeout();
        const sent = fate.kind === 'fault' ? detour(request, fate.fault, interception) : request;
        const answer = await outsideInvocations(() => handle.call(this, sent, options));
        if (fate.kind === 'die') invocation.die();
        if (!invocation.isDead) return answer;
        // Nobody reads it: its connection would never be free again.
        answer.response.body?.resume?.();
        return await never();
      },
  );
};
