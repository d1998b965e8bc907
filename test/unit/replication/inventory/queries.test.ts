import { expect, test } from 'vitest';
import {
  idQueries,
  nameQueries,
  replicaQueries,
  sourceQueries,
} from '../../../../lib/replication/inventory/queries.ts';
import type { ImageId, RegionName } from '../../../../lib/schemas/ids.ts';

test('shown images and hidden ones are two lists', () => {
  expect(sourceQueries({})).toEqual([{}, { os_hidden: 'true' }]);
});

test('one visibility or owner is a filter, several are none', () => {
  expect(sourceQueries({ visibility: ['public'], owners: ['p1'] })[0]).toEqual({
    ...{ visibility: 'public', owner: 'p1' },
  });
  expect(sourceQueries({ visibility: ['public', 'shared'], owners: ['p1', 'p2'] })[0]).toEqual({});
});

test('community images are asked for, since no list has them unasked', () => {
  expect(sourceQueries({ visibility: ['public', 'community'] })[0]).toEqual({ visibility: 'all' });
});

test('tags and properties are filters; what a list takes for something else is left to the plan', () => {
  const properties = { os_distro: 'debian', name: 'x', limit: '1', sort_key: 'y' };
  expect(sourceQueries({ tags: ['a', 'b'], properties })[0]).toEqual({
    tag: ['a', 'b'],
    os_distro: 'debian',
  });
});

test('replicas are those of our project that name the source region', () => {
  expect(replicaQueries('REGION1' as RegionName, 'us', [])).toEqual([
    { owner: 'us', ferry_source_region: 'REGION1' },
    { owner: 'us', ferry_source_region: 'REGION1', os_hidden: 'true' },
  ]);
});

test('and those of the projects to which a policy gives some, whoever may see them', () => {
  const named = { ferry_source_region: 'REGION1' };
  expect(replicaQueries('REGION1' as RegionName, 'us', ['them', 'us', 'them']).slice(2)).toEqual([
    { ...named, owner: 'them', visibility: 'all' },
    { ...named, owner: 'them', visibility: 'all', os_hidden: 'true' },
  ]);
});

test('names go together, each once, but for those that a list cannot hold', () => {
  expect(nameQueries(['Debian 13', 'Ubuntu: 24.04', 'a,b', 'say "x"', 'Debian 13', ''])).toEqual([
    { name: 'in:Debian 13,Ubuntu: 24.04' },
    { name: 'eq:a,b' },
    { name: 'eq:say "x"' },
  ]);
});

test('a list is no longer than any server takes', () => {
  const names = Array.from({ length: 100 }, (_, i) => `Ünïcödé ${i} ${'x'.repeat(50)}`);
  const queries = nameQueries(names);
  expect(queries.length).toBeGreaterThan(1);
  for (const { name } of queries) expect(encodeURIComponent(String(name)).length).toBeLessThan(2100);
  expect(queries.flatMap(({ name }) => String(name).slice(3).split(','))).toEqual(names);
});

test('ids are asked for in any visibility, hidden or not', () => {
  const ids = ['1', '2'] as ImageId[];
  expect(idQueries(ids)).toEqual([
    { id: 'in:1,2', visibility: 'all' },
    { id: 'in:1,2', visibility: 'all', os_hidden: 'true' },
  ]);
});
