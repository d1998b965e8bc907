import { expect, test } from 'vitest';
import { type AskedCopy, tellHowToGoOn, waitLine } from '../../../cli/call/go-on.ts';
import type { RegionResult } from '../../../cli/call/results.ts';

test('who stops waiting is told how to go on with all that was asked for, as a shell takes it', () => {
  const asked: AskedCopy = {
    ...{ image: 'a', from: 'eu west', osCloud: 'home', url: 'https://ferry.example', id: 'same' },
    ...{ name: "it's", visibility: 'private', property: { team: 'a b', empty: '' }, retireOlder: true },
  };
  expect(waitLine(['A', 'us east'], asked)).toBe(
    "glance-ferry wait a --from 'eu west' --to 'A,us east' --os-cloud home --url https://ferry.example --id same " +
      String.raw`--name 'it'\''s' --visibility private --property 'team=a b' --property empty= --retire-older`,
  );
  expect(waitLine(['A'], { image: 'b', name: '' })).toBe("glance-ferry wait b --to A --name ''");
});

test('only of what goes on by itself', () => {
  const result = (status: string): RegionResult => ({ status, isOk: false });
  const told: string[] = [];
  const io = { stderr: { write: (text: string) => void told.push(text) } };
  tellHowToGoOn(io, { image: 'a' }, new Map([['A', result('failed')]]));
  expect(told).toEqual([]);
  tellHowToGoOn(
    io,
    { image: 'a' },
    new Map([
      ['A', result('active')],
      ['B', result('running')],
    ]),
  );
  expect(told.join('')).toContain('glance-ferry wait a --to B\n');
});
