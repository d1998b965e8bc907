import { AsyncResource } from 'node:async_hooks';
import type { Dispatcher } from 'undici';
import { Agent } from '../../lib/openstack/calls/undici.ts';
import { currentInvocation, type Fate, type Invocation, outsideInvocations } from './context.ts';
import { faultHeader, originHeader } from './fault-server.ts';
import type { Fault } from './faults.ts';
import { type Interception, replaceMethod } from './intercept.ts';
import { operationOf } from './operations.ts';

type Options = Dispatcher.DispatchOptions;
type Handler = Dispatcher.DispatchHandler;

const timeout = (): Error =>
  Object.assign(new Error('Headers Timeout Error'), {
    name: 'HeadersTimeoutError',
    code: 'UND_ERR_HEADERS_TIMEOUT',
  });

const callOf = (invocation: Invocation, { origin, path, method }: Options, { services }: Interception) => {
  const { host } = new URL(String(origin));
  const service = services.get(host);
  if (!service) throw new Error(`no service at ${host}`);
  const request = { method, path, query: new Set<string>(), target: undefined, body: undefined };
  const { run, step, number } = invocation;
  return run.calls.add({ step, invocation: number, service, operation: operationOf(service, request) });
};

const detour = (options: Options, fault: Fault, { faults }: Interception): Options => ({
  ...options,
  origin: `http://127.0.0.1:${faults.port}`,
  headers: {
    ...(options.headers as Record<string, string>),
    [faultHeader]: faults.plan(fault),
    [originHeader]: String(options.origin),
  },
});

/** Keeps the JSON of a GET's answer, which a replica that is behind would give once more. */
const remembering = (invocation: Invocation, { origin, path, method }: Options) => {
  let status = 0;
  const pieces: Buffer[] = [];
  return {
    starts: (statusCode: number): void => {
      status = statusCode;
    },
    comes: (piece: Buffer): void => void pieces.push(Buffer.from(piece)),
    ends: (): void => {
      if (method !== 'GET' || status !== 200) return;
      const headers = { 'content-type': 'application/json' };
      const body = Buffer.concat(pieces).toString();
      invocation.run.answers.set(`${origin}${path}`, { kind: 'answer', status, headers, body });
    },
  };
};
type Memory = ReturnType<typeof remembering>;

/**
 * A handler whose events come in the context of who dispatched (a pool's connection was made by somebody else), and not
 * at all once he is dead.
 * @param answered called before the head of the answer is told
 */
const handlerOf = (
  invocation: Invocation,
  handler: Handler,
  memory: Memory,
  answered: () => void,
): Handler => {
  const resource = new AsyncResource('planned call');
  const told =
    <Args extends unknown[]>(event: ((...args: Args) => void) | undefined) =>
    (...args: Args): void => {
      if (!invocation.isDead) resource.runInAsyncScope(() => event?.apply(handler, args));
    };
  return {
    onRequestStart: told(handler.onRequestStart),
    onRequestUpgrade: told(handler.onRequestUpgrade),
    onResponseStart: (...args) => {
      memory.starts(args[1]);
      answered();
      told(handler.onResponseStart)(...args);
    },
    onResponseData: (...args) => {
      memory.comes(args[1]);
      told(handler.onResponseData)(...args);
    },
    onResponseEnd: (...args) => {
      memory.ends();
      told(handler.onResponseEnd)(...args);
    },
    onResponseError: told(handler.onResponseError),
  };
};

/** Where nothing was asked before, a replica that is behind says the truth. */
const faultOf = ({ run }: Invocation, { origin, path }: Options, fate: Fate): Fault | undefined => {
  if (fate.kind !== 'fault') return undefined;
  return fate.fault.kind === 'stale' ? run.answers.get(`${origin}${path}`) : fate.fault;
};

/** Keystone and the small calls of both Glances, below undici's retries: each try is a call. */
export const interceptUndici = (interception: Interception): void => {
  replaceMethod(
    Agent.prototype,
    'dispatch',
    (dispatch) =>
      function (this: Agent, options, handler) {
        const invocation = currentInvocation();
        if (!invocation) return dispatch.call(this, options, handler);
        if (invocation.isDead) return true;
        const fate = invocation.run.plan.fateOf(callOf(invocation, options, interception));
        if (fate.kind === 'die' && fate.when === 'before') invocation.die();
        if (invocation.isDead) return true;
        const memory = remembering(invocation, options);
        const wrapped = handlerOf(invocation, handler, memory, () => fate.kind === 'die' && invocation.die());
        const fault = faultOf(invocation, options, fate);
        if (fault?.kind === 'timeout') {
          // Undici tells a handler of an error before any connection without a controller, too.
          setImmediate(() => wrapped.onResponseError?.(null as never, timeout()));
          return true;
        }
        const sent = fault ? detour(options, fault, interception) : options;
        return outsideInvocations(() => dispatch.call(this, sent as Agent.DispatchOptions, wrapped));
      },
  );
};
