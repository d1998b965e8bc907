import { STATUS_CODES } from 'node:http';
import { expect } from 'vitest';
import type { Answer, Ferry } from './ferry.ts';
import type { RequestOptions } from './lambda.ts';

/** What a caller is told. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** `req-<uuid>`, as every OpenStack service writes it. */
export const requestIdForm = /^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** webob's name where it is not Node's. */
const titleOf = (status: number): string | undefined =>
  status === 413 ? 'Request Entity Too Large' : STATUS_CODES[status];

/** Glance's error as it answers it to `Accept: application/json`, with the id of the request. */
export const expectError = (answer: Answer, { status, message }: Refusal): void => {
  const title = titleOf(status);
  expect({ status: answer.status, ...answer.json }).toEqual({
    status,
    message,
    code: `${status} ${title}`,
    title,
  });
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'x-openstack-request-id': expect.stringMatching(requestIdForm),
  });
};

/** Requests that a Glance let pass and that may have changed something. */
export const writesTo = (ferry: Ferry, region: 'REGION1' | 'REGION2'): readonly string[] =>
  ferry.openstack.regions[region]
    .requests()
    .filter(({ method, status }) => !['GET', 'HEAD', 'OPTIONS'].includes(method) && Number(status) < 400)
    .map(({ method, path }) => `${method} ${path}`);

/** Everything that a refused request must leave alone: the target's whole record, table, queues and bucket. */
const stateOf = async (ferry: Ferry, targetId: string | undefined) => ({
  target: targetId && ferry.openstack.regions.REGION2.image(targetId),
  written: [...writesTo(ferry, 'REGION1'), ...writesTo(ferry, 'REGION2')],
  items: await ferry.traces.items(),
  relay: await ferry.traces.relay(),
  ...(await ferry.traces.queues()),
});

/** The same when nothing is at work: a step leaves its seat, and its message goes, a moment after its import has ended. */
const stateAtRest = async (ferry: Ferry, targetId: string | undefined) => {
  let state: Awaited<ReturnType<typeof stateOf>> | undefined;
  const isAtRest = async () => {
    state = await stateOf(ferry, targetId);
    return state.atWork === 0 && !state.items.some(({ kind }) => kind === 'seat');
  };
  await expect.poll(isAtRest).toBe(true);
  return state;
};

/** POSTs an import that must be refused so, and must leave no trace. */
export const expectRefused = async (
  ferry: Ferry,
  request: Omit<RequestOptions, 'method'>,
  refusal: Refusal,
): Promise<void> => {
  const before = await stateAtRest(ferry, request.imageId);
  const answer = await ferry.http('import-image', { method: 'POST', ...request });
  expectError(answer, refusal);
  expect(await stateOf(ferry, request.imageId)).toEqual(before);
};

/** The body of a glance-download from REGION1. */
export const downloadOf = (sourceId: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  method: { name: 'glance-download', glance_region: 'REGION1', glance_image_id: sourceId, ...fields },
});
