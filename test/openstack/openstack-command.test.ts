/*
 * The command between regions of a real OpenStack. Environment: as for openstack-import.test.ts, and OTHER_REGION, a third
 * region of the same Keystone; left out where it is not set.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { glanceClient, type Image } from '../cloud/commands/glance.ts';
import { ask } from '../contract/client.ts';
import { callCommand } from '../replication/command/command.ts';
import { imageEndpoint, setting } from './account.ts';
import { type RealImports, randomFile, startRealImports } from './real-imports.ts';

const { OTHER_REGION = '' } = process.env;

describe.runIf(OTHER_REGION)('the command', () => {
  let real: RealImports;
  let source: Image;
  let regions: Record<string, string>;
  let env: Record<string, string>;

  beforeAll(async () => {
    real = await startRealImports({ OS_TARGET_REGIONS: '*', HEARTBEAT_S: '2' });
    const target = setting('OS_REGION_NAME');
    regions = {
      [target]: real.endpoints.target,
      [OTHER_REGION]: await imageEndpoint(real.token, OTHER_REGION),
    };
    const file = await randomFile(join(real.dataDir, 'one.raw'), 32);
    source = await real.newSource({ disk_format: 'raw', hw_disk_bus: 'scsi' }, file);
    const openrc = Object.entries(process.env).filter(([name]) => name.startsWith('OS_'));
    env = {
      ...Object.fromEntries(openrc.map(([name, value = '']) => [name, value])),
      ...{ OS_REGION_NAME: setting('SOURCE_REGION'), GLANCE_FERRY_URL: real.functions.url },
    };
  });
  afterAll(() => real.stop());

  test('copies an image to two regions, as it is there, and a second time moves nothing', async () => {
    const args = [
      'copy',
      source.id,
      '--to',
      Object.keys(regions).join(','),
      '--property',
      'team=a',
      '--json',
    ];
    const first = await callCommand(args, env);
    expect(first.code).toBe(0);
    const second = await callCommand(args, env);
    for (const [region, endpoint] of Object.entries(regions)) {
      const { id } = first.json()[region] ?? {};
      expect(await glanceClient(endpoint, real.token).show(String(id))).toMatchObject({
        ...{ status: 'active', os_hash_value: source['os_hash_value'], hw_disk_bus: 'scsi', team: 'a' },
        ...{ ferry_source_id: source.id, visibility: source['visibility'] },
      });
      expect(second.json()[region]).toMatchObject({ id, status: 'active' });
      const { tasks } =
        (await callCommand(['tasks', source.id, '--to', region, '--json'], env)).json()[region] ?? {};
      // Of a Glance that shows its own as well there is none.
      expect(tasks).toMatchObject([{ status: 'success', image_id: id }]);
      await ask('DELETE', `${endpoint}/v2/images/${id}`, { token: real.token });
    }
    expect(await real.left()).toBe(0);
  });

  test('doctor finds everything fine that a member may do', async () => {
    const { code, json } = await callCommand(['doctor', ...Object.keys(regions), '--json'], env);
    const checks = json()['checks'] as unknown as readonly {
      readonly state: string;
      readonly what: string;
    }[];
    expect(checks.filter(({ state }) => state === 'wrong')).toEqual([]);
    expect(code).toBe(0);
    expect(checks.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['upload', 'ranges', 'publicize', 'remove']),
    );
  });
});
