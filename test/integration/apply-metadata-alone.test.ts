import { beforeAll, describe, expect, test } from 'vitest';
import { sqsEvent } from '../../worker/sqs-event.ts';
import type { NewImage } from '../cloud/openstack/glance/prepared.ts';
import { downloadOf, writesTo } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

// The specification wants the step reusable: formats and properties without a transfer before them.

const formats = { disk_format: 'qcow2', container_format: 'bare' };

const env = {
  OS_INJECT_METADATA_PROPERTIES__INJECT: 'injected:yes,os_distro:overridden',
  OS_TARGET_REGIONS: 'REGION3',
};
const ferry = useFerry({ env, idle: ['stream-image', 'apply-metadata', 'fail-import'] });
let token: string;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});

const source = async (image: NewImage = {}): Promise<string> => {
  const properties = {
    hw_disk_bus: 'scsi',
    'trait:HW_CPU': 'required',
    os_distro: 'debian',
    architecture: 'x86_64',
  };
  const created = await ferry.openstack.regions.REGION1.createImage(
    { ...formats, ...properties, ...image },
    'data',
  );
  return created.id;
};
const target = async (image: NewImage = {}): Promise<string> => {
  const own = { name: 'target', mine: 'kept', hw_disk_bus: 'ide', ...image };
  return (await ferry.openstack.regions.REGION2.createImage(own)).id;
};
const now = (imageId: string) => ferry.openstack.regions.REGION2.image(imageId);

describe('invoked directly', () => {
  const invocation = (image_id: string, glance_image_id: string, fields: object = {}) => ({
    ...{ image_id, token, glance_region: 'REGION1', glance_image_id },
    ...fields,
  });
  const invoke = (input: unknown) => ferry.invoke('apply-metadata', input);

  test('says why when its time ends, before the function is killed', async () => {
    const [sourceId, imageId] = [await source(), await target()];
    const before = now(imageId);
    const invoked = ferry.invoke('apply-metadata', invocation(imageId, sourceId), 30_000); // the reserve, DEADLINE_RESERVE_S
    await expect(invoked).rejects.toMatchObject({
      code: 'out-of-time',
      message: "The function's time ended",
    });
    expect(now(imageId)).toEqual(before);
  });

  test('in another region finds the target there, and in none that is not served', async () => {
    const [sourceId, imageId] = [await source(), await target()];
    const { REGION3 } = ferry.openstack.regions;
    await REGION3.createImage({ id: imageId });
    const before = now(imageId);
    const here = invocation(imageId, sourceId, { region: 'REGION3' });
    expect(await invoke(here)).toMatchObject({ image_id: imageId, properties: { hw_disk_bus: 'scsi' } });
    expect(REGION3.image(imageId)).toMatchObject({ ...formats, hw_disk_bus: 'scsi' });
    expect(now(imageId)).toEqual(before);
    const nowhere = invoke(invocation(imageId, sourceId, { region: 'REGION1' }));
    await expect(nowhere).rejects.toThrow('regions served: REGION2, REGION3');
  });

  test('sets formats, prefixed and injected properties of a queued image, in one PATCH, and says what it set', async () => {
    const [sourceId, imageId] = [await source(), await target()];
    ferry.openstack.regions.REGION2.clearRequests();
    expect(await invoke(invocation(imageId, sourceId))).toEqual({
      image_id: imageId,
      properties: {
        ...formats,
        hw_disk_bus: 'scsi',
        'trait:HW_CPU': 'required',
        os_distro: 'overridden',
        injected: 'yes',
      },
    });
    const image = { ...formats, hw_disk_bus: 'scsi', 'trait:HW_CPU': 'required', os_distro: 'overridden' };
    expect(now(imageId)).toMatchObject({
      status: 'queued',
      size: null,
      ...image,
      injected: 'yes',
      mine: 'kept',
    });
    expect(now(imageId)).not.toHaveProperty('architecture');
    expect(writesTo(ferry, 'REGION2')).toEqual([`PATCH /v2/images/${imageId}`]);
  });

  test('needs neither table nor queue nor bucket', async () => {
    await invoke(invocation(await target(), await source()));
    expect(await ferry.traces.items()).toEqual([]);
    expect(Object.values(await ferry.traces.messages()).every((count) => count === 0)).toBe(true);
    expect(await ferry.traces.relay()).toEqual({ objects: [], uploads: [] });
  });

  test('a second time changes nothing', async () => {
    const input = invocation(await target(), await source());
    await invoke(input);
    ferry.openstack.regions.REGION2.clearRequests();
    await invoke(input);
    expect(writesTo(ferry, 'REGION2')).toEqual([]);
  });

  test('takes regions and ids as the import does', async () => {
    const [sourceId, imageId] = [await source(), await target()];
    const fields = { glance_region: 'region1', glance_service_interface: 'internal', activation: 'none' };
    await invoke(invocation(imageId.toUpperCase(), `{${sourceId}}`, fields));
    expect(now(imageId)).toMatchObject(formats);
  });

  test('injects nothing for a caller with an ignored role', async () => {
    const imageId = await target();
    await invoke({ ...invocation(imageId, await source()), token: ferry.openstack.issueToken('admin') });
    expect(now(imageId)).toMatchObject({ ...formats, os_distro: 'debian' });
    expect(now(imageId)).not.toHaveProperty('injected');
  });

  const none = '3c1b2a5e-0000-4000-8000-000000000000';
  const [missingKey, wrongKey] = [
    "The invocation's input is not valid:",
    'must NOT have additional properties',
  ];

  test.each<[what: string, input: () => Promise<unknown>, code: string, message: string]>([
    ['nothing', async () => null, 'bad-request', missingKey],
    ['an empty input', async () => ({}), 'bad-request', `${missingKey}  must have required property`],
    ['an unknown key', async () => invocation(none, none, { x: 1 }), 'bad-request', wrongKey],
    [
      'another activation',
      async () => invocation(none, none, { activation: 'upload' }),
      'bad-request',
      missingKey,
    ],
    [
      'a token of a wrong type',
      async () => invocation(none, none, { token: 5 }),
      'bad-request',
      '/token must be string',
    ],
    [
      'an id that is none',
      async () => invocation('x', none),
      'bad-request',
      'Image id does not look like a UUID: x',
    ],
    [
      'a region of 256 characters',
      async () => invocation(none, none, { glance_region: 'r'.repeat(256) }),
      'bad-request',
      '/glance_region must NOT have more than 255 characters',
    ],
    [
      'an unknown token',
      async () => invocation(none, none, { token: 'gAAAAAB-wrong' }),
      'unauthorized',
      'authentication',
    ],
    [
      'an unknown region',
      async () => invocation(none, none, { glance_region: 'NOWHERE' }),
      'bad-request',
      'public glance endpoint not found for region NOWHERE',
    ],
    [
      'a missing source',
      async () => invocation(await target(), none),
      'bad-request',
      `${none} was not found in region`,
    ],
    [
      'a missing target',
      async () => invocation(none, await source()),
      'not-found',
      `No image found with ID ${none}`,
    ],
    [
      "another project's target",
      async () => invocation(await target({ owner: 'other', visibility: 'community' }), await source()),
      'forbidden',
      'You do not own this image',
    ],
    [
      'a target that is active',
      async () => {
        const id = await target();
        ferry.openstack.regions.REGION2.change(id, { status: 'active' });
        return invocation(id, await source());
      },
      'conflict',
      'is active, it needs to be queued',
    ],
  ])('%s is an error that says so, and changes nothing', async (_, input, code, message) => {
    const given = await input();
    ferry.openstack.regions.REGION2.clearRequests();
    const thrown = { name: 'FerryError', code, message: expect.stringContaining(message) };
    await expect(invoke(given)).rejects.toMatchObject(thrown);
    expect(writesTo(ferry, 'REGION2')).toEqual([]);
  });
});

describe('by a message with activation none, for a task with nothing transferred', () => {
  const event = (message: object) => {
    const queue = ferry.aws.queues['ApplyMetadataQueue'];
    const Attributes = { ApproximateReceiveCount: '1' } as const;
    const Body = JSON.stringify({ region: 'REGION2', ...message });
    const received = { MessageId: 'one', ReceiptHandle: 'none', Body, Attributes };
    return sqsEvent([received], queue?.arn ?? '');
  };
  const begin = async (sourceId: string, imageId: string): Promise<string> => {
    const request = { method: 'POST', imageId, token, body: downloadOf(sourceId) };
    return String((await ferry.http('import-image', request)).json['id']);
  };
  const items = async (imageId: string) =>
    (await ferry.traces.items()).filter((item) => item['imageId'] === imageId).map(({ item }) => item);

  test('formats and properties are set, the task succeeds, the image stays queued and free', async () => {
    const imageId = await target();
    const taskId = await begin(await source(), imageId);
    const answer = await ferry.invoke('apply-metadata', event({ imageId, taskId, activation: 'none' }));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(now(imageId)).toMatchObject({
      status: 'queued',
      size: null,
      ...formats,
      hw_disk_bus: 'scsi',
      mine: 'kept',
    });
    expect(await ferry.tasks(imageId, token)).toMatchObject([
      { id: taskId, status: 'success', message: 'Formats and properties are set' },
    ]);
    expect(await items(imageId)).toEqual([`task#${taskId}`]);

    // The message to copy, which still lies in its queue, finds an import that has ended.
    expect(await ferry.invoke('stream-image', event({ imageId, taskId }))).toEqual({ batchItemFailures: [] });
    expect(now(imageId)).toMatchObject({ status: 'queued' });
    expect(await items(imageId)).toEqual([`task#${taskId}`]);
  });

  test('without it the step has nothing to upload, and says so to fail-import', async () => {
    const imageId = await target();
    const taskId = await begin(await source(), imageId);
    expect(await ferry.invoke('apply-metadata', event({ imageId, taskId }))).toEqual({
      batchItemFailures: [],
    });
    expect(await ferry.traces.messages()).toMatchObject({ FailImportQueue: 1 });
    expect(now(imageId)).toMatchObject({ status: 'queued' });

    await ferry.invoke('fail-import', event({ imageId, taskId }));
    const message = `Nothing was transferred for image ${imageId}: it waited for no copy`;
    expect(await ferry.tasks(imageId, token)).toMatchObject([{ status: 'failure', message }]);
    expect(now(imageId)).toMatchObject({
      disk_format: null,
      container_format: null,
      hw_disk_bus: 'ide',
      mine: 'kept',
    });
    expect(now(imageId)).not.toHaveProperty('injected');
    expect(await items(imageId)).toEqual([`task#${taskId}`]);
  });
});
