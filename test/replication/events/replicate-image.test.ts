import { randomBytes, randomUUID } from 'node:crypto';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test, vi } from 'vitest';
import { replicaId } from '../../../lib/replication/record/replica-id.ts';
import type { ImageId } from '../../../lib/schemas/ids.ts';
import type { ImageReplicaStateChange } from '../../../lib/schemas/state-change.ts';
import type { ImageView } from '../../cloud/openstack/glance/record.ts';
import { expectNothingStays } from '../../integration/nothing-left.ts';
import { formats, once, timesAsked } from '../../integration/one-source.ts';
import { useReplication } from './use-replication.ts';

// One event makes an image of REGION1 appear in other regions, of another Keystone as well.

const golden = {
  name: 'golden',
  source: { region: 'REGION1' },
  targets: [{ region: 'REGION2' }, { region: 'NORTH' }],
  select: { tags: ['golden'] },
  sync: { visibility: 'community' },
};
const ferry = useReplication({
  policies: { 'golden.json': golden },
  env: { EVENT_BUS_NAME: 'default' },
});
/** For tests that run side by side: expect.poll knows of one test alone. */
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000, interval: 100 });
const sqs = () => new SQSClient({});

const newSource = (attributes: object = {}, data: Buffer | undefined = randomBytes(300_000)) =>
  ferry.glance('REGION1').createImage(
    {
      ...{ name: `Ubuntu ${randomUUID()}`, owner: 'admin', ...formats },
      ...{ visibility: 'public', os_distro: 'ubuntu', hw_disk_bus: 'virtio', tags: ['lts'], ...attributes },
    },
    data,
  );

const eventOf = (
  source: ImageView,
  regions: readonly string[],
  settings: object = {},
  more: object = {},
) => ({
  source: { region: 'REGION1', image_id: source.id },
  targets: regions.map((region) => ({ region, ...settings })),
  ...more,
});

const stateOf = (region: string, source: ImageView) =>
  ferry.replicasOf(region, source.id).map(({ status, visibility }) => `${status} ${visibility}`);

/** The only replica that a region has of a source, when it is done. */
const replica = async (region: string, source: ImageView, visibility = 'public'): Promise<ImageView> => {
  await until(() => expect(stateOf(region, source)).toEqual([`active ${visibility}`]));
  const [one] = ferry.replicasOf(region, source.id);
  if (!one) throw new Error('there is none');
  return one;
};

const isAskedFor = ({ id }: ImageView): boolean =>
  ferry
    .glance('REGION1')
    .requests()
    .some(({ path }) => path.endsWith(id));

const queueUrl = (name: string): string => ferry.aws.queues[name]?.url ?? '';

const send = async (body: object | string, attributes: Readonly<Record<string, string>> = {}) => {
  const named = Object.entries(attributes).map(([name, StringValue]) => [
    name,
    { DataType: 'String', StringValue },
  ]);
  await sqs().send(
    new SendMessageCommand({
      QueueUrl: queueUrl('ReplicateImageQueue'),
      MessageBody: typeof body === 'string' ? body : JSON.stringify(body),
      MessageAttributes: Object.fromEntries(named),
    }),
  );
};

const letters = new Map<string, string>();
/** The reason of the dead letter with this body. */
const reasonOf = async (body: string): Promise<string | undefined> => {
  const asked = {
    QueueUrl: queueUrl('ReplicateImageDeadQueue'),
    MaxNumberOfMessages: 10,
    MessageAttributeNames: ['reason'],
  };
  const { Messages = [] } = await sqs().send(new ReceiveMessageCommand(asked));
  for (const { Body = '', MessageAttributes } of Messages)
    letters.set(Body, MessageAttributes?.['reason']?.StringValue ?? '');
  return letters.get(body);
};

const everywhere = ['REGION2', 'REGION3', 'NORTH'];

describe.concurrent('an event', () => {
  test('makes the image active in two regions and another cloud, and has it read once for each project', async () => {
    const source = await newSource();
    await ferry.publish(eventOf(source, everywhere));
    for (const region of everywhere)
      expect(await replica(region, source)).toMatchObject({
        ...{ name: source.name, disk_format: 'raw', container_format: 'bare', size: 300_000 },
        ...{ os_hash_value: source.os_hash_value, checksum: source.checksum },
        ...{ os_distro: 'ubuntu', hw_disk_bus: 'virtio', tags: ['lts'], protected: false, os_hidden: false },
        ...{ ferry_source_region: 'REGION1', ferry_family: source.name, ferry_policy: '' },
        ferry_source_hash: `sha512:${source.os_hash_value}`,
      });
    expect(timesAsked(ferry, source)).toEqual(once(source));
  });

  test('that comes ten times at once makes one image in each region', async () => {
    const source = await newSource();
    const event = eventOf(source, everywhere);
    await Promise.all(Array.from({ length: 10 }, () => ferry.publish(event)));
    for (const region of everywhere) await replica(region, source);
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await ferry.publish(event);
    await Promise.all(everywhere.map((region) => replica(region, source)));
  });

  test('is answered on the bus, when the replica has its visibility as well', async () => {
    const source = await newSource();
    await ferry.publish(eventOf(source, ['REGION2']));
    const told = () =>
      ferry.aws.events.received
        .map(({ event }) => event)
        .filter(({ 'detail-type': type }) => type === 'Image Replica State Change')
        .map(({ detail }) => detail as unknown as ImageReplicaStateChange)
        .filter((detail) => detail.source.image_id === source.id);
    await until(() => expect(told()).not.toEqual([]));
    const [{ id, visibility } = { id: '', visibility: '' }] = ferry.replicasOf('REGION2', source.id);
    expect(visibility).toBe('public');
    expect(told()).toMatchObject([{ state: 'success', region: 'REGION2', image_id: id, policy: null }]);
  });

  test('takes up a record that a crash has left, and adds none', async () => {
    const source = await newSource();
    const mark = { ferry_source_region: 'REGION1', ferry_source_id: source.id };
    const left = await ferry.glance('REGION2').createImage({ owner: 'admin', ...mark });
    await ferry.publish(eventOf(source, ['REGION2']));
    expect(await replica('REGION2', source)).toMatchObject({ id: left.id, name: source.name });
  });

  test('whose import fails in one region does its work in the others; the next event does it there as well', async () => {
    const source = await newSource();
    const projectId = ferry.openstack.keystone.accounts.userNamed('admin').project.id;
    const of = {
      sourceRegion: 'REGION1',
      sourceId: source.id as ImageId,
      targetRegion: 'REGION3',
      projectId,
    };
    const id = replicaId(of, 0);
    ferry.glance('REGION3').fault(id, { on: 'put-file', kind: 'status', status: 403 });
    await ferry.publish(eventOf(source, everywhere));
    await replica('REGION2', source);
    await replica('NORTH', source);
    const token = ferry.openstack.issueToken('admin');
    expect(await ferry.finished(id, token, 'REGION3')).toMatchObject({ status: 'failure' });
    expect(stateOf('REGION3', source)).toEqual(['queued private']);
    await ferry.publish(eventOf(source, ['REGION3']));
    expect((await replica('REGION3', source)).id).toBe(id);
  });

  test('may want the same id everywhere', async () => {
    const source = await newSource();
    await ferry.publish(eventOf(source, everywhere, {}, { identity: 'id' }));
    for (const region of everywhere) expect((await replica(region, source)).id).toBe(source.id);
  });

  test('says what is to be otherwise, which is so when the image is seen, and not before', async () => {
    const source = await newSource();
    const settings = {
      ...{ name: 'Ours', visibility: 'shared', properties: { os_distro: 'ours', batch: '7' } },
      ...{ tags: ['golden'], members: ['a-project', 'b-project'], protected: true, hidden: true },
    };
    await ferry.publish(eventOf(source, ['NORTH'], settings));
    const { id, ...image } = await replica('NORTH', source, 'shared');
    expect(image).toMatchObject({
      name: 'Ours',
      os_distro: 'ours',
      batch: '7',
      protected: true,
      os_hidden: true,
    });
    expect(new Set(image['tags'] as string[])).toEqual(new Set(['lts', 'golden']));
    const token = ferry.away().issueToken('admin');
    const members = async () => {
      const url = `${ferry.glance('NORTH').url}/v2/images/${id}/members`;
      const answer = await fetch(url, { headers: { 'X-Auth-Token': token } });
      return ((await answer.json()) as { members: { member_id: string }[] }).members.map((m) => m.member_id);
    };
    await until(async () => expect(await members()).toEqual(['a-project', 'b-project']));
  });

  test('hides the older image of its family, and keeps it', async () => {
    const name = `Family ${randomUUID()}`;
    const first = await newSource({ name });
    await ferry.publish(eventOf(first, ['REGION2']));
    await replica('REGION2', first);
    const second = await newSource({ name });
    await ferry.publish(eventOf(second, ['REGION2'], {}, { retire_older: true }));
    expect(await replica('REGION2', second)).toMatchObject({ os_hidden: false });
    const older = () => ferry.replicasOf('REGION2', first.id).map((image) => [image.status, image.os_hidden]);
    await until(() => expect(older()).toEqual([['active', true]]));
  });

  test('of an image that is gone takes away the record that was left for its data, and nothing else', async () => {
    const gone = { ...(await newSource()), id: randomUUID() };
    const mark = { ferry_source_region: 'REGION1', ferry_source_id: gone.id };
    const { id } = await ferry.glance('REGION2').createImage({ owner: 'admin', ...mark });
    const theirs = await ferry.glance('REGION2').createImage({ owner: 'other', ...mark });
    const whole = await ferry.glance('REGION3').createImage({ owner: 'admin', ...formats, ...mark }, 'data');
    await ferry.publish(eventOf(gone, ['REGION2', 'REGION3']));
    await until(() => expect(ferry.glance('REGION2').image(id)).toBeUndefined());
    expect(ferry.glance('REGION2').image(theirs.id)).toMatchObject({ status: 'queued' });
    expect(ferry.glance('REGION3').image(whole.id)).toMatchObject({ status: 'active' });
  });

  test('gives the name to the newer image of that name where that is asked for, and leaves both where it is not', async () => {
    const name = `Name ${randomUUID()}`;
    const byName = { identity: 'name' };
    const first = await newSource({ name });
    await ferry.publish(eventOf(first, ['REGION3'], {}, byName));
    await replica('REGION3', first);
    const second = await newSource({ name });
    await ferry.publish(eventOf(second, ['REGION3'], {}, byName));
    await until(() => expect(isAskedFor(second)).toBe(true));
    await ferry.publish(eventOf(second, ['REGION3'], {}, { ...byName, retire_older: true }));
    expect(await replica('REGION3', second)).toMatchObject({ name, os_hidden: false });
    const older = () => ferry.replicasOf('REGION3', first.id).map((image) => [image.name, image.os_hidden]);
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    await until(() => expect(older()).toEqual([[`${name} (${day})`, true]]));
  });

  test('may come before the image is active', async () => {
    const source = await newSource();
    ferry.glance('REGION1').change(source.id, { status: 'saving' });
    await ferry.publish(eventOf(source, ['REGION2']));
    await until(() => expect(isAskedFor(source)).toBe(true));
    expect(stateOf('REGION2', source)).toEqual([]);
    ferry.glance('REGION1').change(source.id, { status: 'active' });
    await replica('REGION2', source);
  });

  test.each(['golden', '*'])('may leave it to a policy where and how: %s', async (policy) => {
    const [chosen, other] = [await newSource({ tags: ['golden'] }), await newSource()];
    for (const { id: image_id } of [other, chosen])
      await ferry.publish({ source: { region: 'REGION1', image_id }, policy });
    for (const region of ['REGION2', 'NORTH'])
      expect(await replica(region, chosen, 'community')).toMatchObject({ ferry_policy: 'golden' });
    expect(stateOf('REGION2', other)).toEqual([]);
  });

  const pointer = { block_device_mapping: '[{"snapshot_id": "s"}]' };
  test.each([
    ['is gone', async () => ({ ...(await newSource()), id: randomUUID() })],
    ['is a snapshot of a volume', () => newSource(pointer, Buffer.alloc(0))],
  ])('of an image that %s comes to its end, and leaves no record', async (_, made) => {
    const source = await made();
    await ferry.publish(eventOf(source, ['REGION2']));
    await until(() => expect(isAskedFor(source)).toBe(true));
    expect(ferry.replicasOf('REGION2', source.id)).toEqual([]);
  });
});

describe.concurrent('an event comes', () => {
  const cloudEvent = { specversion: '1.0', type: 'glance-ferry.image.published', source: '/x', id: '1' };

  test('as a message, as it is or as a CloudEvent, structured or binary', async () => {
    const sources = await Promise.all([newSource(), newSource(), newSource()]);
    const [plain, structured, binary] = sources.map((source) => eventOf(source, ['REGION2']));
    await send(plain ?? {});
    await send({ ...cloudEvent, data: structured });
    const attributes = Object.entries(cloudEvent).map(([name, value]) => [`ce-${name}`, value]);
    await send(binary ?? {}, Object.fromEntries(attributes));
    for (const source of sources) await replica('REGION2', source);
  });

  test('by invocation, which answers with the replicas that are on their way', async () => {
    const source = await newSource();
    const answer = await ferry.invoke('replicate-image', eventOf(source, ['REGION2', 'NORTH']));
    const of = { source: { region: 'REGION1', imageId: source.id }, request: {} };
    expect(answer).toEqual({
      replicas: [
        { ...of, region: 'REGION2' },
        { ...of, region: 'NORTH' },
      ],
    });
    await replica('REGION2', source);
    await replica('NORTH', source);
  });

  test('by HTTP, which is answered 202, or 400 with what is wrong', async () => {
    const source = await newSource();
    const http = (body: object) => ({
      requestContext: { http: { method: 'POST' } },
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const event = eventOf(source, ['REGION2']);
    expect(await ferry.invoke('replicate-image', http({ ...event, colour: 'red' }))).toMatchObject({
      statusCode: 400,
      body: expect.stringContaining('unknown fields: colour'),
    });
    expect(await ferry.invoke('replicate-image', http(event))).toMatchObject({ statusCode: 202 });
    await replica('REGION2', source);
  });
});

describe.concurrent('a dead letter with its reason is', () => {
  test('what is no event', async () => {
    const body = JSON.stringify({ source: { region: 'REGION1', image_id: randomUUID() }, target: 'REGION2' });
    await send(body);
    await until(async () => expect(await reasonOf(body)).toContain('unknown fields: target'));
  });

  test('what asks for a policy that there is not', async () => {
    const body = JSON.stringify({ source: { region: 'REGION1', image_id: randomUUID() }, policy: 'nightli' });
    await send(body);
    await until(async () => expect(await reasonOf(body)).toContain('There is no policy nightli'));
  });

  test('a replica in a region that there is not', async () => {
    const source = await newSource();
    await ferry.publish(eventOf(source, ['REGION2', 'REGION9']));
    const replicaOf = { source: { region: 'REGION1', imageId: source.id }, region: 'REGION9', request: {} };
    const body = JSON.stringify({ replica: replicaOf });
    await until(async () => expect(await reasonOf(body)).toMatch(/^Region REGION9 is not in the catalog of/));
    await replica('REGION2', source);
  });
});

test('nothing is left when all messages have come to their end', async () => {
  await until(async () => expect((await ferry.traces.messages())['ReplicateImageQueue']).toBe(0));
  await expectNothingStays(ferry);
});
