import { randomBytes } from 'node:crypto';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { expectNothingLeft } from './nothing-left.ts';
import type { StepName } from './queues-by-hand.ts';
import { useFerryByHand } from './use-ferry.ts';
import { useWebServer } from './use-web-server.ts';

const [first, second] = ['1', '2'].map((digit) => digit.repeat(32));
const formats = { disk_format: 'raw', container_format: 'bare' };
const minutes = 60_000;

const { ferry, queues } = useFerryByHand();
const elsewhere = useWebServer();
let token: string;
let arn: string;

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  token = ferry.openstack.issueToken('demo');
  arn = ferry.aws.env['TOKEN_SEALING_SECRET_ARN'] ?? '';
});
afterAll(() => void vi.useRealTimers());

const taskItem = async (imageId: string): Promise<Readonly<Record<string, unknown>>> => {
  const items = await ferry.traces.items();
  const found = items.find((item) => item['imageId'] === imageId && String(item['item']).startsWith('task#'));
  if (!found) throw new Error(`no task of ${imageId}`);
  return found;
};
const keyId = async (imageId: string): Promise<string | undefined> =>
  String((await taskItem(imageId))['sealed']).split('.')[0];

const begin = async (): Promise<string> => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = await REGION1.createImage(formats, randomBytes(1000));
  const target = await REGION2.createImage({ name: 'copy' });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  return target.id;
};
const work = async (...names: readonly StepName[]): Promise<void> => {
  for (const name of names) await queues.next(name);
};
const end = async (imageId: string) => (await ferry.tasks(imageId, token)).at(-1);

describe('a sealing secret that is rotated while an import runs', () => {
  const rotate = (...secrets: readonly (string | undefined)[]) => {
    const [current, previous] = secrets;
    ferry.aws.secrets.set(arn, JSON.stringify({ current, previous }));
    // What a function has fetched counts for five minutes.
    vi.setSystemTime(Date.now() + 6 * minutes);
  };

  test('lets it go on, and seals the next one with the new key', async () => {
    ferry.aws.secrets.set(arn, first ?? ''); // as bare as AWS makes it
    const before = await begin();
    await work('stream-image');
    const oldKey = await keyId(before);
    rotate(second, first);
    const after = await begin();
    expect(await keyId(after)).not.toBe(oldKey);
    await work('apply-metadata', 'stream-image');
    rotate(second);
    await work('apply-metadata');
    expect(await end(before)).toMatchObject({ status: 'success' });
    expect(await end(after)).toMatchObject({ status: 'success' });
  });

  test('ends it with the reason when its key is gone, and leaves nothing', async () => {
    const imageId = await begin();
    rotate('3'.repeat(32));
    await work('stream-image', 'fail-import');
    const task = await end(imageId);
    const message = `The sealed token of task ${task?.id} cannot be opened: its key is not known (any more)`;
    expect(task).toMatchObject({ status: 'failure', message });
    await expectNothingLeft(ferry);
  });
});

describe('whoever can write the table', () => {
  const change = async (imageId: string, path: string, value: unknown): Promise<void> => {
    const dynamodb = new DynamoDBClient({});
    const { subject, item } = await taskItem(imageId);
    const names = path.split('.');
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: ferry.aws.tableName,
        Key: marshall({ subject, item }),
        UpdateExpression: `SET ${names.map((_, at) => `#n${at}`).join('.')} = :value`,
        ExpressionAttributeNames: Object.fromEntries(names.map((name, at) => [`#n${at}`, name])),
        ExpressionAttributeValues: marshall({ ':value': value }),
      }),
    );
    dynamodb.destroy();
  };

  test.each([
    ['source.endpoint', () => elsewhere.url],
    ['targetEndpoint', () => elsewhere.url],
    ['source.imageId', () => '11111111-1111-1111-1111-111111111111'],
    ['activation', () => 'none'],
    ['roles', () => ['admin']],
  ])('gets no token sent anywhere by changing %s: the import ends', async (path, value) => {
    elsewhere.requests.length = 0;
    const imageId = await begin();
    await change(imageId, path, value());
    await work('stream-image', 'apply-metadata', 'fail-import');
    expect(elsewhere.requests).toEqual([]);
    const task = await end(imageId);
    const message = `The sealed token of task ${task?.id} cannot be opened`;
    expect(task).toMatchObject({ status: 'failure', message: expect.stringContaining(message) });
    expect(ferry.openstack.regions.REGION2.image(imageId)).toMatchObject({ status: 'queued' });
    await expectNothingLeft(ferry);
  });
});
