import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { MiB } from '../../lib/transfer/part-plan.ts';
import { createResumableDigest } from '../../lib/transfer/resumable-digest.ts';
import { startReport } from './report.ts';
import { alternate, median, medianRatio } from './rounds.ts';

// What proving bytes costs: the digests over an image and the checksums of its parts, a core by itself.

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);
const part = Buffer.alloc(16 * MiB, 'a part of an image, which is in memory already');
const parts = 32;

/** @returns seconds for a GiB */
const secondsOver = (take: (bytes: Buffer) => unknown): number => {
  const startedMs = performance.now();
  for (let count = 0; count < parts; count += 1) take(part);
  return ((performance.now() - startedMs) / 1000) * ((1024 * MiB) / (parts * part.length));
};

const ofNode = (algorithm: string) => async () =>
  secondsOver((bytes) => createHash(algorithm).update(bytes).digest());

const resumable = (algorithm: string) => async () => {
  const digest = await createResumableDigest([algorithm]);
  return secondsOver((bytes) => digest.update(bytes));
};

export const digests = async (): Promise<void> => {
  const report = startReport();
  const md5 = 'md5: a part, `PART_CHECKSUM=md5`';
  const times = await alternate(
    {
      'crc32: a part, `PART_CHECKSUM=crc32`': async () => secondsOver(crc32),
      'sha256: a part, `PART_CHECKSUM=sha256`': ofNode('sha256'),
      [md5]: ofNode('md5'),
      'sha512: the image, as it is copied': ofNode('sha512'),
      'sha512 whose state can be saved (hash-wasm): a finished object': resumable('sha512'),
    },
    rounds,
  );
  report({
    name: 'digests',
    tables: [
      {
        head: ['over 1 GiB', 'time', 'of an md5'],
        rows: Object.entries(times).map(([name, values]) => [
          name,
          `${median(values).toFixed(2)} s`,
          `${medianRatio(values, times[md5] ?? []).toFixed(2)} ×`,
        ]),
      },
    ],
    notes: [
      `${(parts * part.length) / MiB} MiB of memory in blocks of ${part.length / MiB} MiB, one thread, nothing else in the process. Median of ${rounds} rounds, in turn.`,
    ],
  });
};
