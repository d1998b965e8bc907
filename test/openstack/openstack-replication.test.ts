/*
 * Images that are to be in other regions, between two real clouds: by the packed command, by policies, by Glance's own
 * notifications. Environment: as for openstack-clouds.test.ts and openstack-regions.test.ts; ADMIN_*, an admin of the same
 * name and password in both clouds, with whose rights the deployment works. The case of notifications needs what
 * openstack-bridge.test.ts does, and python3-openstackclient. What is not there is left out, in words.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unfinishedName } from '../../lib/replication/record/remembered-source.ts';
import type { Image } from '../cloud/commands/glance.ts';
import { ask } from '../contract/client.ts';
import { setting } from './account.ts';
import { startBridge } from './bridge-process.ts';
import { installPackedCommand, openrcOf, type PackedCommand } from './command-process.ts';
import { uploadByClient } from './openstack-client.ts';
import { randomFile } from './real-imports.ts';
import { projectIdOf, type RealReplication, startRealReplication } from './real-replication.ts';

const needed = ['OTHER_REGION', 'OTHER_AUTH_URL', 'OTHER_CLOUD_REGION', 'ADMIN_USERNAME'];
const missing = needed.filter((name) => !process.env[name]);
if (missing.length === 0) describe('between real regions and clouds', replication);
else test(`replication is not tried: ${missing.join(', ')} not set`, ({ skip }) => skip('no three regions'));

/** What a run tells of a region where everything is as it is to be. */
const none = { copied: 0, bytes: 0, updated: 0, retired: 0, kept: 0, failed: 0 };

function replication(): void {
  const [here, there, third] = [setting('SOURCE_REGION'), setting('OS_REGION_NAME'), setting('OTHER_REGION')];
  const north = setting('OTHER_CLOUD_REGION');
  const prefix = `glance-ferry test ${randomUUID().slice(0, 8)} `;
  const patience = { timeout: 180_000, interval: 1000 };
  let clouds: RealReplication;
  let command: PackedCommand;
  let file: string;
  /** Of the two users: ids of their projects at home, and in the other cloud. */
  let home: readonly [string, string];
  let away: readonly [string, string];

  const policies = () => ({
    shared: {
      source: { region: here },
      targets: [{ region: north, projects: { [home[0]]: away[0], [home[1]]: away[1] } }],
      select: { visibility: ['shared'], names: [`${prefix}shared*`], owners: [home[0]] },
      ...{ identity: 'name', sync: { members: true } },
    },
    public: {
      ...{ source: { region: here }, targets: [{ region: there }, { region: north }] },
      select: { visibility: ['public'], names: [`${prefix}public*`] },
      ...{ identity: 'name', on_conflict: 'rename', retention: { last: 1 } },
      retirement: { ladder: ['hide', 'deactivate', 'private', 'delete'], allow_delete: true },
    },
    snapshots: {
      ...{ source: { region: here }, targets: [{ region: third }] },
      select: { snapshots: true, names: [`${prefix}snapshot*`], owners: [home[0]] },
      ...{ sync: { visibility: 'private' }, retention: { last: 2 } },
      retirement: { ladder: ['delete'], allow_delete: true },
    },
  });

  beforeAll(async () => {
    home = [await projectIdOf('OS_', 'home'), await projectIdOf('OTHER_', 'home')];
    away = [await projectIdOf('OS_', 'away'), await projectIdOf('OTHER_', 'away')];
    clouds = await startRealReplication(prefix, policies());
    command = await installPackedCommand();
    file = await randomFile(join(clouds.dir, 'one.raw'), 24);
  });
  afterAll(async () => {
    await command?.remove();
    await clouds?.stop([here, there, third, north]);
  });

  const call = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    command.call(args, { GLANCE_FERRY_URL: clouds.real.functions.url, ...env });
  const newSource = (name: string, record: object = {}): Promise<Image> =>
    clouds.real.newSource({ name: `${prefix}${name}`, disk_format: 'raw', ...record }, file);
  /** What a replica must have of its source, and say of it. */
  const replicaOf = ({ id, name, size, os_hash_value, created_at }: Image) => ({
    ...{ status: 'active', name, size, os_hash_value, ferry_source_region: here, ferry_source_id: id },
    ...{ ferry_source_hash: `sha512:${os_hash_value}`, ferry_source_created_at: created_at },
  });
  /** Until its last step a record remembers what it takes, which a sync would clear up as well. */
  const withEnd = (replica: Image) => ({ ...replica, isFinished: !(unfinishedName in replica) });
  const arrives = (region: string, source: Image, more: object = {}): Promise<void> =>
    expect
      .poll(async () => (await clouds.replicasOf(region, source.id)).map(withEnd), patience)
      .toMatchObject([{ ...replicaOf(source), ...more, isFinished: true }]);

  test('the packed command copies a user’s image to two regions; called again it moves no byte', async () => {
    const travelling = { hw_disk_bus: 'scsi', team: 'research', tags: ['lts'], min_disk: 1 };
    const source = await newSource('copied', travelling);
    const args = ['copy', `${prefix}copied`, '--to', `${there},${third}`, '--json'];
    const importsOf = async (region: string, id: unknown): Promise<number> => {
      const url = `${clouds.real.functions.url}/regions/${region}/v2/images/${id}/tasks`;
      return ((await ask('GET', url, { token: clouds.real.token })).field('tasks') as unknown[]).length;
    };
    const { os_hash_value, size } = source;
    const told = { status: 'active', hash: `sha512:${os_hash_value}`, bytes: size, reason: null };

    const first = await call(args, openrcOf('OS_', here));
    expect(first).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/[^\n\P{Cc}]/u) });
    expect(first.json()).toMatchObject({ [there]: told, [third]: told });
    const second = await call(args, openrcOf('OS_', here));
    expect(second).toMatchObject({ code: 0, stderr: '' });
    for (const region of [there, third]) {
      const [replica, ...others] = await clouds.replicasOf(region, source.id);
      expect(replica).toMatchObject({ ...replicaOf(source), ...travelling, ferry_policy: '' });
      expect([others, await importsOf(region, replica?.id)]).toEqual([[], 1]);
      for (const { json } of [first, second])
        expect(json()[region]).toMatchObject({ ...told, id: replica?.id });
    }
    expect(await clouds.real.left()).toBe(0);
  });

  test('a policy keeps another cloud the same, members by the ids of their projects there', async () => {
    const source = await newSource('shared', { os_distro: 'debian' });
    const share = (member: string) => clouds.share(here, source.id, member);
    await share(home[1]);
    const dryRun = ['sync', 'shared', '--dry-run', '--json'];
    const planned = await call(dryRun, clouds.operator);
    expect(planned).toMatchObject({ code: 0, stderr: '' });
    const { size, name } = source;
    const copy = { region: north, action: 'copy', image: source.id, name, bytes: size };
    expect(planned.json()).toMatchObject({ changes: [copy], failed: {} });
    expect(await clouds.images(north)).toEqual([]);

    expect((await clouds.sync('shared')).regions).toMatchObject({ [north]: { copied: 1, bytes: size } });
    await arrives(north, source, { visibility: 'shared', os_distro: 'debian', ferry_policy: 'shared' });
    const [replica] = await clouds.replicasOf(north, source.id);
    const members = () => clouds.membersOf(north, String(replica?.id));
    await expect.poll(members, patience).toEqual([away[1]]);
    expect(await clouds.sync('shared')).toEqual({
      policy: 'shared',
      regions: { [north]: none },
      changes: [],
    });
    expect((await call(dryRun, clouds.operator)).json()).toMatchObject({ changes: [] });

    await share(home[0]);
    const done = await call(['sync', 'shared'], clouds.operator);
    expect(done).toMatchObject({ code: 0 });
    expect(await members()).toEqual([...away].sort());
    expect((await clouds.sync('shared')).regions).toEqual({ [north]: none });
    expect(await clouds.real.left()).toBe(0);
  });

  test('a new public image takes the name, and the one before goes down the ladder to its end', async () => {
    const publish = async (): Promise<Image> => {
      await delay(1100); // the newest is found by whole seconds
      const image = await newSource('public', { os_distro: 'debian' });
      expect(await clouds.publish(here, image.id)).toMatchObject({ status: 200 });
      return image;
    };
    const stateOf = async (region: string, { id }: Image) => {
      const [replica] = await clouds.replicasOf(region, id);
      return replica && ['name', 'os_hidden', 'status', 'visibility'].map((name) => replica[name]);
    };
    const old = await publish();
    await clouds.sync('public');
    for (const region of [there, north]) await arrives(region, old, { visibility: 'public' });
    const now = await publish();
    await clouds.sync('public');
    for (const region of [there, north])
      await arrives(region, now, { visibility: 'public', os_hidden: false });

    const seen: unknown[] = [];
    await expect
      .poll(async () => {
        seen.push(await stateOf(north, old));
        const { failed, changes } = await clouds.sync('public');
        return [failed, changes, await stateOf(there, old), await stateOf(north, old)];
      }, patience)
      .toEqual([undefined, [], undefined, undefined]);
    const name = `${prefix}public (${String(old['created_at']).slice(0, 10).replaceAll('-', '')})`;
    const rungs = [
      [name, true, 'active', 'public'],
      [name, true, 'deactivated', 'public'],
      [name, true, 'deactivated', 'private'],
    ];
    expect(seen).toEqual(expect.arrayContaining(rungs));
    for (const region of [there, north])
      await arrives(region, now, { visibility: 'public', os_hidden: false });
  });

  test('snapshots are kept elsewhere by a rotation of their own, whatever is kept here', async () => {
    const instance_uuid = randomUUID();
    const ofNova = { image_type: 'snapshot', instance_uuid, base_image_ref: randomUUID(), user_id: 'demo' };
    const snapshot = async (name: string): Promise<Image> => {
      await delay(1100); // the newest is found by whole seconds
      return await newSource(`snapshot ${name}`, ofNova);
    };
    const kept = async () => (await clouds.images(third, 'snapshot')).map((one) => one['ferry_source_id']);
    const [first, second, newest] = [await snapshot('1'), await snapshot('2'), await snapshot('3')];
    expect((await clouds.sync('snapshots')).regions).toMatchObject({ [third]: { copied: 2 } });
    for (const source of [second, newest]) {
      await arrives(third, source, { visibility: 'private', ferry_family: instance_uuid });
      const [replica] = await clouds.replicasOf(third, source.id);
      for (const name of Object.keys(ofNova).slice(1)) expect(replica).not.toHaveProperty(name);
    }
    expect((await clouds.sync('snapshots')).regions).toEqual({ [third]: none });

    for (const { id } of [first, second]) await clouds.remove(here, id);
    expect((await clouds.sync('snapshots')).regions).toEqual({ [third]: none });
    const next = await snapshot('4');
    await clouds.sync('snapshots');
    await arrives(third, next);
    await expect
      .poll(async () => {
        await clouds.sync('snapshots');
        return (await kept()).toSorted();
      }, patience)
      .toEqual([newest.id, next.id].sort());
    expect((await clouds.sync('snapshots')).regions).toEqual({ [third]: none });
  });

  const brokerUrl = process.env['RABBITMQ_URL'];
  if (brokerUrl)
    test('an image that is uploaded by OpenStack’s own client appears in the other region by itself', async () => {
      const os_distro = randomUUID();
      const { REPLICATE_IMAGE_QUEUE_URL: _, ...aws } = clouds.real.env;
      const bridge = await startBridge({
        ...aws,
        ...{ OS_REGION_NAME: 'nowhere', EVENT_BUS_NAME: 'default', RABBITMQ_URL: brokerUrl },
        BRIDGE_PUBLISHERS: `${setting('SOURCE_PUBLISHER')}:${here}`,
        ...{ BRIDGE_TARGET_REGIONS: there, BRIDGE_PROPERTIES: `os_distro:${os_distro}` },
        BRIDGE_VISIBILITY: 'public',
      });
      try {
        const name = `${prefix}uploaded`;
        const id = await uploadByClient(
          { name, file, properties: { os_distro }, isPublic: true },
          openrcOf('ADMIN_', here),
        );
        const [source] = (await clouds.images(here)).filter((image) => image.id === id);
        if (!source) throw new Error(`${id} is not in ${here}`);
        await arrives(there, source, { visibility: 'public', os_distro });
        expect(await clouds.real.left()).toBe(0);
      } finally {
        await bridge.stop();
      }
    });
  else test('notifications are not tried: RABBITMQ_URL is not set', ({ skip }) => skip('no RabbitMQ'));
}
