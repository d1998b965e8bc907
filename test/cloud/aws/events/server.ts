import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from '../listen.ts';
import { type Answer, refused } from './answer.ts';
import { type Buses, createBuses, type Deliver } from './buses.ts';
import { createEventsFaults, type EventsFault, type EventsFaults } from './faults.ts';
import { operationsOf } from './operations.ts';

/** What a test does with the local EventBridge. */
export interface LocalEvents extends Pick<Buses, 'received' | 'addRule' | 'settled'> {
  readonly faults: EventsFaults;
}

export interface EventsOptions {
  readonly port: number;
  readonly region: string;
  readonly deliver: Deliver;
}

const injected = ({ code }: Extract<EventsFault, { kind: 'error' }>): Answer =>
  refused(
    code,
    code === 'ThrottlingException' ? 'Rate exceeded' : `Injected ${code}`,
    code === 'InternalException' ? 500 : 400,
  );

/**
 * EventBridge on 127.0.0.1, as far as events are put and rules send them to queues: AWS JSON 1.1, buses of any name.
 * Signatures are not verified. GET answers all that was taken.
 */
export async function startEventBridge({ port, region, deliver }: EventsOptions) {
  const faults = createEventsFaults();
  const buses = createBuses(deliver);
  const operations = operationsOf(buses, region);

  const answerTo = ({ headers }: IncomingMessage, body: string, fault: EventsFault | undefined): Answer => {
    const target = String(headers['x-amz-target']);
    if (!headers.authorization)
      return refused('MissingAuthenticationTokenException', 'Missing Authentication Token');
    const operation = operations[target.replace(/^AWSEvents\./, '')];
    if (!operation) return refused('UnknownOperationException', `${target} is not emulated`);
    if (fault?.kind === 'error') return injected(fault);
    try {
      return operation(JSON.parse(body), fault);
    } catch (error) {
      return refused('ValidationException', String(error));
    }
  };

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    if (incoming.method === 'GET') return void outgoing.end(JSON.stringify(buses.received));
    const body = await text(incoming);
    const fault = faults.take();
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'reset') return void incoming.socket.resetAndDestroy();
    const { status, json } = answerTo(incoming, body, fault);
    if (fault?.kind === 'lost-answer') return void incoming.socket.resetAndDestroy();
    outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    outgoing.end(JSON.stringify(json));
  };

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const endpoint = await listen(server, port, 'EventBridge');
  const { received, addRule, settled } = buses;
  const events: LocalEvents = { received, addRule, settled, faults };
  return {
    endpoint,
    events,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await Promise.all([closed, buses.stop()]);
    },
  };
}
