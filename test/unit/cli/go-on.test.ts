import { expect, test } from 'vitest';
import { asked } from '../../../cli/commands/copy.ts';
import { arrived } from '../../../cli/commands/wait.ts';
import { image, imageId } from '../replication/images.ts';
import { replica } from '../replication/plan/planned.ts';

test('who is told to copy once more is told with all that was asked for, as a shell takes it', () => {
  const property = { team: 'a b' };
  const options = {
    to: ['A'],
    wait: true,
    name: "it's",
    visibility: 'private',
    property,
    retireOlder: true,
  } as const;
  expect(asked(options)).toBe(
    String.raw` --name 'it'\''s' --visibility private --property 'team=a b' --retire-older`,
  );
  expect(asked({ to: ['A'], wait: true })).toBe('');
});

test('wait says that who sees a copy is not set yet', () => {
  const source = image({ id: imageId('a'), visibility: 'community' });
  const reason = expect.stringContaining('it is private, and its source community');
  expect(arrived(replica(source, { visibility: 'private' }), source)).toMatchObject({ isOk: true, reason });
  for (const visibility of ['community', 'shared'] as const)
    expect(arrived(replica(source, { visibility }), source).reason).toBeUndefined();
  expect(
    arrived(replica(source, { visibility: 'private' }), { ...source, visibility: 'private' }).reason,
  ).toBe(undefined);
});
