import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../listen.ts';
import { accountId } from '../queue-names.ts';
import { createEventsFaults, type EventsFault, type EventsFaults } from './faults.ts';
import { type BusEvent, busOf, eventOf, isFailed, type PutEntry, refusalOf } from './put-events.ts';
import type { Rule, RuleTarget } from './rules.ts';

/** An event, and the bus that it came to. */
export interface Received {
  readonly bus: string;
  readonly event: BusEvent;
}

/** What a test does with the local EventBridge. */
export interface LocalEvents {
  /** All that buses have taken, oldest first. */
  readonly received: readonly Received[];
  readonly faults: EventsFaults;
  /** Adds a rule to those of serverless.yml. */
  addRule(rule: Rule): void;
  /** Resolves when all that was taken is delivered. */
  settled(): Promise<void>;
}

export interface EventsOptions {
  readonly port: number;
  readonly region: string;
  /** Puts a message into a queue. @throws while the queue cannot be reached */
  readonly deliver: (queue: string, body: string) => Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly json: object;
}

const refused = (type: string, message: string, status = 400): Answer => ({
  status,
  json: { __type: type, message },
});

/** Between tries at a queue that does not answer, ms. */
const retryMs = 200;

const injected = ({ code }: Extract<EventsFault, { kind: 'error' }>): Answer =>
  refused(
    code,
    code === 'ThrottlingException' ? 'Rate exceeded' : `Injected ${code}`,
    code === 'InternalException' ? 500 : 400,
  );

function createBuses({ region, deliver }: EventsOptions) {
  const rules: Rule[] = [];
  const received: Received[] = [];
  const deliveries = new Set<Promise<void>>();
  let stopping = false;

  const deliverTo = async ({ queue, bodyOf }: RuleTarget, event: BusEvent): Promise<void> => {
    while (!stopping) {
      try {
        return await deliver(queue, bodyOf(event));
      } catch {
        await delay(retryMs);
      }
    }
  };

  /** After the answer: the bus takes events whether or not its targets are there. */
  const take = (bus: string, event: BusEvent, times: number): void => {
    received.push({ bus, event });
    const targets = rules
      .filter((rule) => rule.bus === bus && rule.matches(event))
      .flatMap((rule) => rule.targets);
    for (const target of Array.from({ length: times }, () => targets).flat()) {
      const delivery = deliverTo(target, event).finally(() => deliveries.delete(delivery));
      deliveries.add(delivery);
    }
  };

  const putEntry = (entry: PutEntry, at: number, fault: EventsFault | undefined) => {
    if (fault?.kind === 'entry-failed' && fault.entry === at)
      return { ErrorCode: fault.code, ErrorMessage: `Injected ${fault.code}` };
    const made = eventOf(entry, region, accountId);
    if (isFailed(made)) return made;
    take(busOf(entry), made, fault?.kind === 'duplicates' ? 2 : 1);
    return { EventId: made.id };
  };

  const putEvents = (body: string, fault: EventsFault | undefined): Answer => {
    const { Entries: entries = [] } = JSON.parse(body) as { readonly Entries?: readonly PutEntry[] };
    const refusal = refusalOf(entries);
    if (refusal) return refused(refusal.type, refusal.message);
    const Entries = entries.map((entry, at) => putEntry(entry, at, fault));
    const FailedEntryCount = Entries.filter((entry) => 'ErrorCode' in entry).length;
    return { status: 200, json: { FailedEntryCount, Entries } };
  };

  const settled = async (): Promise<void> => void (await Promise.all(deliveries));
  const stop = async (): Promise<void> => {
    stopping = true;
    await settled();
  };
  return { received, putEvents, addRule: (rule: Rule) => void rules.push(rule), settled, stop };
}

/**
 * EventBridge on 127.0.0.1, as far as events are put and rules send them to queues: AWS JSON 1.1, PutEvents, buses of any
 * name. An event is delivered at least once, after it was taken. Signatures are not verified. GET answers all that was taken.
 */
export async function startEventBridge(options: EventsOptions) {
  const faults = createEventsFaults();
  const { stop: stopDeliveries, putEvents, ...buses } = createBuses(options);

  const answerTo = (incoming: IncomingMessage, body: string, fault: EventsFault | undefined): Answer => {
    const operation = incoming.headers['x-amz-target'];
    if (!incoming.headers.authorization)
      return refused('MissingAuthenticationTokenException', 'Missing Authentication Token');
    if (operation !== 'AWSEvents.PutEvents')
      return refused('UnknownOperationException', `${operation} is not emulated`);
    if (fault?.kind === 'error') return injected(fault);
    try {
      return putEvents(body, fault);
    } catch {
      return refused('SerializationException', 'The request is not JSON');
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
  const endpoint = await listen(server, options.port, 'EventBridge');
  const events: LocalEvents = { ...buses, faults };
  return {
    endpoint,
    events,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await Promise.all([closed, stopDeliveries()]);
    },
  };
}
