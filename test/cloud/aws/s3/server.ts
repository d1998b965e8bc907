import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../listen.ts';
import { checkAccess } from './access.ts';
import { errorAnswer, send } from './answer.ts';
import { readCall, type S3Answer, type S3Handler } from './call.ts';
import { S3Error } from './errors.ts';
import { createFaults, type S3Fault, type S3Faults } from './faults.ts';
import { handlersFor } from './handlers.ts';
import { limitsOfAws, type S3Limits } from './limits.ts';
import { operationOf, type S3Operation } from './operations.ts';

export interface S3Options extends Partial<S3Limits> {
  /** Where objects and parts lie as files. */
  readonly dataDir: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface LocalS3 {
  readonly endpoint: string;
  readonly faults: S3Faults;
  stop(): Promise<void>;
}

function createListener(handlers: Record<S3Operation, S3Handler>, faults: S3Faults) {
  async function answerOf(request: IncomingMessage, fault: S3Fault | undefined): Promise<S3Answer> {
    try {
      const call = readCall(request);
      checkAccess(call, faults.now());
      if (fault?.kind === 'error') throw new S3Error(fault.code, `Injected ${fault.code}`);
      return await handlers[operationOf(call)](call);
    } catch (error) {
      return errorAnswer(error);
    }
  }

  const nextFault = (request: IncomingMessage) => {
    try {
      return faults.take(operationOf(readCall(request)));
    } catch {
      return undefined;
    }
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const fault = nextFault(request);
    if (fault?.kind === 'reset') return void request.socket.resetAndDestroy();
    if (fault?.kind === 'delay') await delay(fault.ms);
    const answer = await answerOf(request, fault);
    if (fault?.kind === 'lost-answer') return void request.socket.resetAndDestroy();
    // A client still sending would see a broken pipe instead of the error, so the rest of its body is read first.
    if (!request.readableEnded) request.resume();
    response.setHeader('date', faults.now().toUTCString());
    await send(answer, response, fault).catch(() => response.destroy());
  };
}

/** A small S3 on 127.0.0.1 that keeps parts and objects as files. Signatures are not verified. */
export async function startS3({ dataDir, port, ...limits }: S3Options): Promise<LocalS3> {
  const faults = createFaults();
  const listener = createListener(handlersFor(dataDir, { ...limitsOfAws, ...limits }), faults);
  const server = createServer(
    { highWaterMark: 512 * 1024 },
    (request, response) => void listener(request, response),
  );
  const endpoint = await listen(server, port, 'S3');
  return {
    endpoint,
    faults,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
