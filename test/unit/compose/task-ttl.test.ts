import { expect, test } from 'vitest';
import { composeState } from '../../../lib/compose/state.ts';
import { loadConfig } from '../../../lib/config.ts';
import { taskFixture } from '../imports/task-fixture.ts';
import { useLocalState } from '../local-state.ts';

const use = useLocalState();

test('TASK_TTL_H is how long a task stays listed after its end', async () => {
  const names = { OS_AUTH_URL: 'http://keystone/v3', OS_REGION_NAME: 'REGION2' };
  const config = { ...names, IMPORTS_TABLE: use().aws.tableName, TASK_TTL_H: '5' };
  const { tasks } = composeState(loadConfig(config, ['IMPORTS_TABLE']));
  const task = taskFixture();
  await tasks.create(task);
  await tasks.finish(task, { status: 'success', message: '' });
  const { expiresAt = '' } = (await use().tasks.get(task)) ?? {};
  const hours = (Date.parse(`${expiresAt}Z`) - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(4.9);
  expect(hours).toBeLessThan(5.1);
});
