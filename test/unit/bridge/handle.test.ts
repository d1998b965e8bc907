import { type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHandOn, type HandOn } from '../../../bridge/hand-on.ts';
import { createHandler, type Handled } from '../../../bridge/handle.ts';
import { FerryError } from '../../../lib/errors.ts';
import { log } from '../../../lib/log.ts';
import { parseIncoming } from '../../../lib/replication/event/incoming.ts';
import { startLocalAws } from '../local-aws.ts';
import { bodiesOf, doings, recordOf } from './recorded.ts';
import { allRegions } from './rules.ts';

let stopping = new AbortController();
beforeEach(() => {
  stopping = new AbortController();
});
afterEach(() => vi.restoreAllMocks());

const handlerOf = (handOn: HandOn) =>
  createHandler({
    region: 'REGION1',
    rules: { ...allRegions, BRIDGE_PUBLISHERS: { 'image.r1': 'REGION1', 'image.r2': 'REGION2' } },
    windowMs: 60_000,
    handOn,
    stopping: stopping.signal,
  });

describe('what a real Glance has sent, replayed into the emulated cloud', () => {
  let aws: Awaited<ReturnType<typeof startLocalAws>>;
  let sqs: SQSClient;
  let url: string;
  beforeAll(async () => {
    log.setLogLevel('SILENT');
    aws = await startLocalAws();
    sqs = new SQSClient();
    url = aws.queues['ReplicateImageQueue']?.url ?? '';
  });
  afterAll(async () => {
    sqs.destroy();
    await aws.stop();
  });

  const received = async (): Promise<string[]> => {
    const all: Message[] = [];
    for (;;) {
      const asked = { QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 600 };
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(asked));
      if (Messages.length === 0) return all.map(({ Body = '' }) => Body);
      all.push(...Messages);
    }
  };

  test('is one request for each state of an image, as replicate-image reads them', async () => {
    const handle = handlerOf(await createHandOn({ REPLICATE_IMAGE_QUEUE_URL: url }));
    const ends: Handled[] = [];
    for (const body of doings.flatMap(bodiesOf)) ends.push(await handle(body));
    expect(
      Object.entries(Object.groupBy(ends, (end) => end)).map(([end, all]) => [end, all?.length]),
    ).toEqual(
      expect.arrayContaining([
        ['handed on', 8],
        ['told before', 7],
      ]),
    );
    const requests = (await received()).map((body) => parseIncoming({ body, headers: {} }));
    expect(requests).toHaveLength(8);
    const { id } = recordOf(bodiesOf('upload')[3] ?? '');
    const published = {
      source: { region: 'REGION1', imageId: id },
      wanted: [{ region: 'REGION2', request: {} }],
    };
    expect(requests[0]).toEqual({ kind: 'published', published });
  });

  test('arrives on the event bus as "Image Published"', async () => {
    const handle = handlerOf(await createHandOn({ EVENT_BUS_NAME: 'default' }));
    expect(await handle(bodiesOf('upload')[3] ?? '')).toBe('handed on');
    expect(aws.events.received.at(-1)?.event).toMatchObject({
      source: 'glance-ferry',
      'detail-type': 'Image Published',
      detail: { source: { region: 'REGION1' } },
    });
  });

  test('an entry that the bus refuses with a 200 is not taken for handed on', async () => {
    const handOn = await createHandOn({ EVENT_BUS_NAME: 'default' });
    aws.events.faults.inject({ kind: 'entry-failed', entry: 0, code: 'InternalFailure' });
    await expect(handOn({ source: { region: 'R', image_id: 'x' }, policy: '*' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^Failed to put an event on bus default: InternalFailure/),
    });
  });
});

describe('a message', () => {
  const [news = ''] = bodiesOf('upload').slice(3);
  const away = () => new FerryError('unavailable', 'Failed to send: away');

  test('whose event is refused is tried again until it is taken', async () => {
    const handOn = vi.fn<HandOn>().mockRejectedValueOnce(away()).mockResolvedValue();
    expect(await handlerOf(handOn)(news)).toBe('handed on');
    expect(handOn).toHaveBeenCalledTimes(2);
  });

  test('that cannot be handed on before the bridge stops goes back into the queue', async () => {
    const handOn = vi.fn<HandOn>().mockRejectedValue(away());
    const handled = handlerOf(handOn)(news);
    await expect.poll(() => handOn.mock.calls.length).toBe(1);
    stopping.abort();
    expect(await handled).toBe('again');
  });

  test('that comes twice at once is handed on once; both are acknowledged, or neither', async () => {
    const handOn = vi.fn<HandOn>().mockResolvedValue();
    const handle = handlerOf(handOn);
    expect(await Promise.all([handle(news), handle(news)])).toEqual(['handed on', 'told before']);
    const failing = handlerOf(vi.fn<HandOn>().mockRejectedValue(away()));
    const both = [failing(news), failing(news)];
    stopping.abort();
    expect(await Promise.all(both)).toEqual(['again', 'again']);
  });

  test('that nobody can read is logged with its reason, and gone', async () => {
    const error = vi.spyOn(log, 'error').mockReturnValue();
    const handOn = vi.fn<HandOn>();
    expect(await handlerOf(handOn)('{')).toBe('poison');
    const reason = 'The body is no JSON';
    expect(error).toHaveBeenCalledWith('notification cannot be read', expect.objectContaining({ reason }));
    expect(handOn).not.toHaveBeenCalled();
  });
});
