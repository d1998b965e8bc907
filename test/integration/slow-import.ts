import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { FerryError } from '../../lib/errors.ts';
import type { Ferry } from './ferry.ts';

const MiB = 1024 ** 2;

/** Runs of a function whose time ends when a test says so, however fast or slow the machine is. */
export const createRuns = () => {
  let run = new AbortController();
  return {
    next: (): AbortSignal => {
      run = new AbortController();
      return run.signal;
    },
    end: (): void => run.abort(new FerryError('out-of-time', "The function's time ended")),
  };
};

export const settings = { PART_SIZE_MIB: '5', RETRY_DELAY_S: '1', SOURCE_STALL_S: '300' };

interface SlowImport {
  readonly runs: ReturnType<typeof createRuns>;
  /** Downloads that stall after 12 MiB, in which two parts are whole; the run of each ends then. */
  readonly stalls: number;
  /** What the source's record says. */
  readonly record?: { readonly os_hash_value?: string };
}

/** Imports 14 MiB from a source for which some runs of stream-image have too little time. */
export const importSlowly = async (ferry: Ferry, { runs, stalls, record = {} }: SlowImport) => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage(formats, randomBytes(14 * MiB));
  REGION1.change(source.id, record);
  const target = await REGION2.createImage({ name: 'copy', disk_format: 'qcow2' });
  REGION1.fault(source.id, { on: 'get-file', kind: 'stall-after', bytes: 12 * MiB, times: stalls });
  const downloads = () => REGION1.requests().filter(({ path }) => path === `/v2/images/${source.id}/file`);
  const fromTheStart = () => downloads().filter(({ headers }) => headers['range'] === undefined).length;
  const parts = async () => (await ferry.traces.items()).filter(({ kind }) => kind === 'part').length;

  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  for (let run = 1; run <= stalls; run += 1) {
    await expect.poll(fromTheStart, { timeout: 60_000 }).toBe(run);
    await expect.poll(parts, { timeout: 60_000 }).toBe(2);
    runs.end();
  }
  const task = await ferry.finished(target.id, token);
  return { task, source, target, token, statuses: downloads().map(({ status }) => status) };
};
