import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { applicationCredentials } from '../cloud/openstack/keystone/fixture.ts';
import { importExpiringBefore } from './expiring-import.ts';
import { useFerryByHand } from './use-ferry.ts';

const credential = applicationCredentials.find(({ user }) => user.name === 'svc');
if (!credential) throw new Error('no service user');
const { id, secret } = credential;
const { ferry, queues } = useFerryByHand({
  env: {
    OS_APPLICATION_CREDENTIAL_ID: id,
    OS_APPLICATION_CREDENTIAL_SECRET: secret,
    // Between a source's breaking off and its being opened again there is time for a revocation.
    SOURCE_RETRY_DELAY_MS: '500',
  },
});
/** All that the service user has got. */
const serviceTokens: string[] = [];

beforeAll(() => {
  const { tokens } = ferry.openstack.keystone;
  const { issue } = tokens;
  tokens.issue = (grant, lifetimeS) => {
    const token = issue(grant, lifetimeS);
    if (grant.user.name === 'svc') serviceTokens.push(token.id);
    return token;
  };
});

test.each(['stream-image', 'apply-metadata'] as const)(
  'with a service user, an import outlives a token that expires before %s',
  async (step) => {
    const { task, source, target } = await importExpiringBefore({ ferry, queues }, step);
    expect(task).toMatchObject({ status: 'success' });
    const { os_hash_value } = source;
    expect(target).toMatchObject({ status: 'active', os_hash_value, hw_disk_bus: 'scsi' });
  },
);

const ends = ['revoke', 'expire'] as const;

test.each(ends)('a service token that Keystone %ss in the middle of a copy is replaced', async (end) => {
  const { tokens } = ferry.openstack.keystone;
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage(formats, randomBytes(100_000));
  const target = await REGION2.createImage({ name: 'copy' });
  const token = ferry.openstack.issueToken('demo');
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  tokens.expire(token);
  const downloads = () =>
    REGION1.requests()
      .filter(({ path }) => path.endsWith(`${source.id}/file`))
      .map(({ status }) => status);

  REGION1.fault(source.id, { kind: 'drop-after', bytes: 50_000, on: 'get-file' });
  const copied = queues.next('stream-image');
  await expect.poll(downloads, { interval: 10 }).toEqual([200]);
  for (const id of serviceTokens) tokens[end](id);
  await copied;
  for (const id of serviceTokens) tokens[end](id);
  await queues.next('apply-metadata');

  expect(downloads()).toEqual([200, 401, 206]);
  expect(REGION2.image(target.id)).toMatchObject({ status: 'active', os_hash_value: source.os_hash_value });
});
