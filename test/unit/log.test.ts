import { afterEach, expect, test, vi } from 'vitest';
import { log, logOf } from '../../lib/log.ts';

afterEach(() => {
  vi.restoreAllMocks();
  log.resetKeys();
});

test('a line of an import has its own request id, whatever a request beside it has put into the log', () => {
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  log.appendKeys({ request_id: 'req-of-another' });
  const named = logOf({ requestId: 'req-1', region: 'Süd West', imageId: 'image-1', taskId: 'task-1' });
  log.appendKeys({ request_id: 'req-of-a-third' });
  named.info('copying');
  expect(JSON.parse(String(stdout.mock.calls[0]?.[0]))).toMatchObject({
    message: 'copying',
    request_id: 'req-1',
    task_id: 'task-1',
    region: 'Süd West',
    image_id: 'image-1',
  });
});
