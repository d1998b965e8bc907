import { GiB, MiB } from '../../lib/transfer/part-plan.ts';
import { judged, startReport } from './report.ts';
import { median, medianRatio } from './rounds.ts';
import { measureStreams, rounds, size } from './streams.ts';

// One ordered stream from nginx into a discarding S3, against what a user would type instead.

export const throughput = async (): Promise<void> => {
  const report = startReport();
  const measured = await measureStreams();
  const ours = measured['stream-image'];
  const [rclone, aws] = [measured['rclone rcat'], measured['aws s3 cp -']];
  const better = rclone.map((seconds, round) => Math.min(seconds, aws[round] ?? seconds));
  const rate = (values: readonly number[]) => `${Math.round(size / MiB / median(values))} MiB/s`;
  const perGiB = (values: readonly number[]) => `${((median(values) * GiB) / size).toFixed(2)} CPU s/GiB`;
  const alone = measured['openssl dgst (CPU s)'];
  const speed = (mine: readonly number[], theirs: readonly number[]) => medianRatio(theirs, mine);
  const pipeline = measured['curl | tee >(openssl) | curl'];
  const [bare, plain] = [measured['bare copy'], measured['curl | curl']];
  report({
    name: 'throughput',
    tables: [
      {
        head: ['one ordered stream', 'ours', 'side by side with', '', 'ratio', 'goal'],
        rows: [
          [
            'with sha512',
            rate(ours),
            '`curl \\| tee >(openssl dgst -sha512) \\| curl -T -`',
            rate(pipeline),
            ...judged(speed(ours, pipeline), { atLeast: 1 }),
          ],
          [
            'without hash',
            rate(bare),
            '`curl \\| curl -T -`',
            rate(plain),
            ...judged(speed(bare, plain), { atLeast: 0.9 }),
          ],
          [
            'with sha512; theirs without',
            rate(ours),
            'the better of `rclone rcat` and `aws s3 cp -`',
            `${rate(rclone)}, ${rate(aws)}`,
            ...judged(speed(ours, better), { atLeast: 1.5 }),
          ],
          [
            'CPU of the function',
            perGiB(measured.processor),
            '`openssl dgst -sha512 FILE`',
            perGiB(alone),
            ...judged(medianRatio(measured.processor, alone), { atMost: 2.5 }),
          ],
        ],
      },
    ],
    notes: [
      `${size / MiB} MiB of pseudo-random bytes in the page cache, given out by nginx (Debian’s) as a Glance would; the sink is an S3 that counts and throws away; each in its own process, all on this machine. Median of ${rounds} rounds, each with every contender in turn; ratios are medians of the rounds' ratios.`,
      '`stream-image` is the function itself, bundled and warm, in its own process, with checkpoints in an emulated DynamoDB in a process beside it. It always takes a sha512, so the row without hash is `lib/transfer` and the relay store alone (`test/bench/bare-copy.ts`).',
      'rclone sends 16 MiB parts, four at once, as the function does; aws has its own defaults (8 MiB, ten at once).',
    ],
    tools: [
      ['curl', '--version'],
      ['openssl', 'version'],
      ['rclone', 'version'],
      ['/usr/bin/aws', '--version'],
    ],
  });
};
