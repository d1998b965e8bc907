import { describe, expect, test } from 'vitest';
import { stateOf } from '../../../../lib/replication/replicate/source-state.ts';
import { image, imageId } from '../images.ts';

const active = image({ id: imageId('i') });

describe('a source', () => {
  test('that is active can be replicated', () => {
    expect(stateOf(active)).toEqual({ kind: 'ready', source: active });
  });

  test.each(['queued', 'saving', 'uploading', 'importing'])('that is %s is waited for', (status) => {
    expect(stateOf({ ...active, status })).toEqual({
      kind: 'not-yet',
      reason: `image i of region SOUTH is ${status}`,
    });
  });

  test.each(['deactivated', 'deleted', 'pending_delete', 'killed'])('that is %s is not', (status) => {
    const source = { ...active, status };
    const reason = `image i of region SOUTH is ${status}`;
    expect(stateOf(source)).toEqual({ kind: 'never', reason, source });
  });

  test('that is a snapshot of a volume has nothing to be copied', () => {
    const pointer = { ...active, size: 0, properties: { block_device_mapping: '[]' } };
    expect(stateOf(pointer)).toMatchObject({ kind: 'never', reason: expect.stringContaining('has no data') });
    expect(stateOf({ ...pointer, size: 1 }).kind).toBe('ready');
    expect(stateOf({ ...active, size: 0 }).kind).toBe('ready');
  });
});
