import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { log } from '../../lib/log.ts';
import { useFerry } from './use-ferry.ts';

// What an operator has of an import: metrics and lines of the log, by the queries of docs/operations.md.

type Line = Readonly<Record<string, unknown>>;

const size = 3 * 1024 ** 2;
const operations = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

const ferry = useFerry({ env: { POWERTOOLS_METRICS_DISABLED: 'false' } });
let token: string;
const written: string[] = [];

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
  log.setLogLevel('INFO');
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
});
afterAll(() => void vi.restoreAllMocks());
afterEach(() => {
  written.length = 0;
});

const lines = (): readonly Line[] =>
  written.flatMap((text) => (text.startsWith('{') ? [JSON.parse(text) as Line] : []));
const metrics = (name: string): readonly Line[] => lines().filter((line) => name in line && '_aws' in line);

const importIt = async (spoil: (sourceId: string) => void = () => {}) => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage(formats, randomBytes(size));
  const target = await REGION2.createImage({ name: 'copy' });
  spoil(source.id);
  const answer = await ferry.importFrom(source.id, target.id, token);
  const task = await ferry.finished(target.id, token);
  const requestId = answer.headers['x-openstack-request-id'];
  // Its last line comes after its end is told.
  const isLast = (line: Line) => line['message'] === 'import ended' && line['request_id'] === requestId;
  await expect.poll(() => lines().some(isLast)).toBe(true);
  return { task, requestId };
};

test('an import that succeeds is counted with its bytes, its seconds and those of each step', async () => {
  const { task } = await importIt();
  expect(task).toMatchObject({ status: 'success' });
  expect(metrics('ImportsStarted')).toHaveLength(1);
  expect(metrics('ImportsSucceeded')).toMatchObject([
    { ImportsSucceeded: 1, ImportBytes: size, ImportSeconds: expect.any(Number) },
  ]);
  expect(Number(metrics('ImportSeconds')[0]?.['ImportSeconds'])).toBeLessThan(60);
  expect(metrics('ImportsFailed')).toEqual([]);
  const steps = () => new Set(metrics('StepSeconds').map(({ step }) => step));
  await expect.poll(steps).toEqual(new Set(['stream-image', 'apply-metadata']));
});

/** The documented query for failures, as far as a test needs to understand it. */
const failuresQuery = () => {
  const [, fields = '', message, status] =
    /^fields (.+)\n\| filter message = "(.+)" and status = "(\w+)"$/m.exec(operations) ?? [];
  return {
    fields: fields.split(', ').filter((field) => !field.startsWith('@')),
    finds: (line: Line) => line['message'] === message && line['status'] === status,
  };
};

test('an import that fails is counted by its code, and the documented query finds it with its reason', async () => {
  const { REGION1 } = ferry.openstack.regions;
  const { task, requestId } = await importIt((id) =>
    REGION1.fault(id, { on: 'get-file', kind: 'corrupt-byte', at: 1_000_000, times: 9 }),
  );
  expect(task).toMatchObject({
    status: 'failure',
    message: expect.stringContaining("the source's record says"),
  });
  expect(metrics('ImportsFailed')).toMatchObject([{ ImportsFailed: 1, code: 'data-mismatch' }]);
  expect(metrics('ImportsSucceeded')).toEqual([]);
  const { fields, finds } = failuresQuery();
  const found = lines().filter(finds);
  expect(found).toMatchObject([{ request_id: requestId, reason: task.message }]);
  expect(fields.length).toBeGreaterThan(2);
  expect(fields.filter((field) => found[0]?.[field] === undefined)).toEqual([]);
});

test('every line of an import is found by its request id, and those of its copy by the id that they tell', async () => {
  const { requestId } = await importIt();
  const messages = (of: Line) => {
    const [[name = '', value]] = Object.entries(of) as [[string, unknown]];
    return lines().flatMap((line) => (line[name] === value ? [line['message']] : []));
  };
  expect(messages({ request_id: requestId })).toEqual(
    expect.arrayContaining(['import queued', 'begins a copy', 'properties set', 'import ended']),
  );
  const begun = lines().find(
    (line) => line['message'] === 'begins a copy' && line['request_id'] === requestId,
  );
  expect(messages({ copy_id: begun?.['copy_id'] })).toEqual(
    expect.arrayContaining(['begins a copy', 'copying', 'copied']),
  );
});
