import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenStack, startOpenStack } from '../cloud/openstack/openstack.ts';
import { type Answer, type Ferry, startFerry } from './ferry.ts';
import { expectNothingLeft } from './nothing-left.ts';

// A user who has accounts in two clouds, with a token of each: X-Auth-Token for the target, X-Source-Auth-Token for the
// source. Of the other clouds the deployment knows where their Keystones are, and no more.

const cloudsArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:clouds';
const formats = { disk_format: 'raw', container_format: 'bare' };

let ferry: Ferry;
let away: OpenStack<'NORTH'>;
let dataDir: string;
let token: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'away-'));
  away = await startOpenStack({ dataDir, cloud: 'away', regions: ['NORTH'] });
  ferry = await startFerry({ env: { CLOUDS_SECRET_ARN: cloudsArn } });
  const entries = [
    `north: {auth: {auth_url: ${away.authUrl}}, region_name: NORTH}`,
    'nowhere: {region_name: SOUTH}',
    'gone: {auth: {auth_url: http://127.0.0.1:1/v3}, region_name: EAST}',
  ];
  ferry.aws.secrets.set(cloudsArn, `clouds: {${entries.join(', ')}}`);
  token = ferry.openstack.issueToken('demo');
});
afterAll(async () => {
  await Promise.all([ferry.stop(), away.stop()]);
  await rm(dataDir, { recursive: true });
});

/** Asks for an image in a new record of REGION2. */
const importFrom = async (
  region: string,
  id: string,
  sourceToken: string,
): Promise<{ readonly imageId: string; readonly answer: Answer }> => {
  const { id: imageId } = await ferry.openstack.regions.REGION2.createImage({ name: 'target' });
  const method = { name: 'glance-download', glance_region: region, glance_image_id: id };
  const headers = { 'x-source-auth-token': sourceToken };
  const answer = await ferry.http('import-image', {
    ...{ method: 'POST', imageId, token, headers },
    body: { method },
  });
  return { imageId, answer };
};

const expectRefused = async (region: string, sourceToken: string, status: number, message: string) => {
  const { id } = await away.regions.NORTH.createImage(formats, 'data');
  const { answer } = await importFrom(region, id, sourceToken);
  expect(answer).toMatchObject({ status, json: { message } });
  expect(answer.headers).not.toHaveProperty('www-authenticate');
  await expectNothingLeft(ferry);
};

describe('with a token of the source’s cloud, too', () => {
  test('an image comes from there, and neither token is left', async () => {
    const sourceToken = away.issueToken('demo');
    const source = await away.regions.NORTH.createImage(
      { ...formats, visibility: 'private', hw_disk_bus: 'scsi' },
      randomBytes(100_000),
    );
    const { imageId, answer } = await importFrom('NORTH', source.id, sourceToken);
    expect(answer.status).toBe(201);
    const kept = JSON.stringify(await ferry.traces.items());
    expect(await ferry.finished(imageId, token)).toMatchObject({ status: 'success' });
    const { os_hash_value } = source;
    expect(ferry.openstack.regions.REGION2.image(imageId)).toMatchObject({
      ...{ status: 'active', os_hash_value, hw_disk_bus: 'scsi' },
    });
    const everything = kept + answer.body + JSON.stringify(await ferry.traces.items());
    for (const secret of [sourceToken, token]) expect(everything).not.toContain(secret);
    // No token of the one cloud has gone to the other.
    expect(away.regions.NORTH.requests().map(({ user }) => user)).not.toContain(undefined);
    await expectNothingLeft(ferry);
  });

  test('an image of another project of the same cloud comes, too', async () => {
    const { REGION1 } = ferry.openstack.regions;
    const { id } = await REGION1.createImage({ ...formats, owner: 'other', visibility: 'private' }, 'data');
    const { imageId } = await importFrom('REGION1', id, ferry.openstack.issueToken('other'));
    expect(await ferry.finished(imageId, token)).toMatchObject({ status: 'success' });
    await expectNothingLeft(ferry);
  });

  test('an import ends with the reason when that token ends before it', async () => {
    const sourceToken = away.issueToken('demo');
    const { id } = await away.regions.NORTH.createImage({ ...formats, visibility: 'private' }, 'data');
    away.regions.NORTH.fault(id, { kind: 'drop-after', bytes: 1, on: 'get-file' });
    const { imageId, answer } = await importFrom('NORTH', id, sourceToken);
    expect(answer.status).toBe(201);
    away.keystone.tokens.revoke(sourceToken);
    const task = await ferry.finished(imageId, token);
    expect(task.status).toBe('failure');
    expect(task.message).toContain('token');
    expect(ferry.openstack.regions.REGION2.image(imageId)?.status).toBe('queued');
    await expectNothingLeft(ferry);
  });
});

describe('a request with X-Source-Auth-Token is refused', () => {
  test('for a region of no cloud that is known here', () =>
    expectRefused(
      'WEST',
      away.issueToken('demo'),
      400,
      'Region WEST is in no cloud that is known here; regions of other clouds: NORTH, SOUTH, EAST',
    ));

  test.each([
    ['of another cloud', () => token],
    ['that has ended', () => away.issueToken('demo', -1)],
    ['that is none', () => 'none at all'],
  ])('for a token %s, and nobody is told to get a new X-Auth-Token', (_, sourceToken) =>
    expectRefused(
      'NORTH',
      sourceToken(),
      400,
      'X-Source-Auth-Token is not accepted by the Keystone of region NORTH',
    ),
  );

  test('for a Keystone that is away, or that nobody has written down', async () => {
    const sourceToken = away.issueToken('demo');
    const cannot = 'the Keystone of region EAST cannot validate X-Source-Auth-Token at the moment';
    await expectRefused('EAST', sourceToken, 503, cannot);
    const unknown = 'This service does not know the Keystone of region SOUTH';
    await expectRefused('SOUTH', sourceToken, 503, unknown);
  });
});
