/*
 * One source into two regions of a real OpenStack at once. Environment: as for openstack-import.test.ts, and OTHER_REGION,
 * a third region of the same Keystone; left out where it is not set. One case needs python-glanceclient for PYTHON (python3
 * when it is not set), and is left out where there is none.
 */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ferryClient, type Task } from '../cloud/commands/ferry.ts';
import { glanceClient, type Image } from '../cloud/commands/glance.ts';
import { account, imageEndpoint, setting } from './account.ts';
import { type RealImports, randomFile, startRealImports } from './real-imports.ts';

const { OTHER_REGION = '', PYTHON: python = 'python3' } = process.env;
const script = fileURLToPath(new URL('import_by_glanceclient.py', import.meta.url));

const hasGlanceclient = (): boolean => {
  try {
    execFileSync(python, ['-c', 'import glanceclient'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe.runIf(OTHER_REGION)('one source into two regions', () => {
  let real: RealImports;
  let other: string;
  let source: Image;
  beforeAll(async () => {
    real = await startRealImports({ OS_TARGET_REGIONS: '*', HEARTBEAT_S: '2' });
    other = await imageEndpoint(real.token, OTHER_REGION);
    const file = await randomFile(join(real.dataDir, 'one.raw'), 32);
    source = await real.newSource({ disk_format: 'raw', hw_disk_bus: 'scsi' }, file);
  });
  afterAll(() => real.stop());

  const urlOf = (region: string): string => `${real.functions.url}/regions/${encodeURIComponent(region)}`;

  const importInto = async (region: string, target: string): Promise<Task> => {
    const ferry = ferryClient(urlOf(region), real.token);
    const method = {
      ...{ name: 'glance-download', glance_region: setting('SOURCE_REGION'), glance_image_id: source.id },
    };
    await ferry.importImage(target, method);
    let last: Task = { id: '', status: 'pending', message: '' };
    for await (last of ferry.progress(target, 500));
    return last;
  };

  const expectCopy = async (endpoint: string, target: string): Promise<void> => {
    const { size, os_hash_value } = source;
    const copy = { status: 'active', size, os_hash_value, hw_disk_bus: 'scsi' };
    expect(await glanceClient(endpoint, real.token).show(target)).toMatchObject(copy);
  };

  test('at once: both are active with its hash, under the same image id, and nothing is left', async () => {
    const { id } = await real.newTarget();
    await real.create(other, { id });
    const regions = [setting('OS_REGION_NAME'), OTHER_REGION];
    const tasks = await Promise.all(regions.map((region) => importInto(region, id)));
    expect(tasks).toMatchObject([{ status: 'success' }, { status: 'success' }]);
    await expectCopy(real.endpoints.target, id);
    await expectCopy(other, id);
    expect(await real.left()).toBe(0);
  });

  test.runIf(OTHER_REGION && hasGlanceclient())(
    'by glanceclient’s Python API at the region’s URL',
    async () => {
      const { id } = await real.create(other, {});
      const { userName, password, projectName } = account('OS_');
      const env = { OS_USERNAME: userName, OS_PASSWORD: password, OS_PROJECT_NAME: projectName };
      const { stdout } = await promisify(execFile)(
        python,
        [script, urlOf(OTHER_REGION), id, setting('SOURCE_REGION'), source.id],
        { env: { ...process.env, ...env } },
      );
      expect(JSON.parse(stdout)).toMatchObject({
        task: { status: 'success', image_id: id },
        methods: expect.arrayContaining(['glance-download']),
      });
      await expectCopy(other, id);
    },
  );
});
