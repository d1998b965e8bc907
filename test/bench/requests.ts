import { GiB, MiB } from '../../lib/transfer/part-plan.ts';
import { createCounters } from './counters.ts';
import {
  assumedRate,
  costOf,
  counted,
  heartbeatS,
  limits,
  lineThrough,
  type Numbers,
} from './import-cost.ts';
import { startFunction } from './measured-function.ts';
import { startReport } from './report.ts';
import { startStage } from './stage.ts';

// Requests to each service of AWS per import, counted at two sizes, and what they cost by AWS's list prices.

/** One whole import at a time, its requests counted. */
const startCounting = async () => {
  const counters = createCounters();
  const stage = await startStage(undefined, async (env) => ({
    ...(await counters.settings(env)),
    EVENT_BUS_NAME: 'default',
  }));
  const functions = [
    ['STREAM_IMAGE', startFunction('stream-image', stage.env)],
    ['APPLY_METADATA', startFunction('apply-metadata', stage.env)],
  ] as const;

  const countImport = async (size: number): Promise<Numbers> => {
    const formats = { disk_format: 'raw', container_format: 'bare' };
    const { id } = await stage.openstack.regions.REGION1.madeUpImage(formats, {
      size,
      seed: 1,
      checksum: false,
    });
    counters.take();
    await stage.requestImport(id);
    for (const [queue, process] of functions) {
      const { event, done } = await stage.nextEvent(queue);
      await process.invoke(event);
      await done();
    }
    return counters.take();
  };

  const stop = async () => {
    await Promise.all(functions.map(([, process]) => process.stop()));
    await stage.stop();
    await counters.stop();
  };
  return { countImport, stop };
};

const usd = (amount: number): string => `$${amount < 0.1 ? amount.toPrecision(2) : amount.toFixed(2)}`;
const decimals = (value: number): string => String(Math.round(value * 100) / 100);

export const requests = async (): Promise<void> => {
  const report = startReport();
  const counting = await startCounting();
  try {
    const [from, to] = counted;
    await counting.countImport(MiB);
    const lines = lineThrough(
      await counting.countImport(from * limits.partSize),
      await counting.countImport(to * limits.partSize),
    );
    const sizes = [
      ['1 GiB', GiB],
      ['100 GiB', 100 * GiB],
      ['1 TiB', 1024 * GiB],
    ] as const;
    const costs = sizes.map(([label, size]) => ({ label, ...costOf(lines, size) }));
    const serviceRow = (service: keyof ReturnType<typeof costOf>['costs']) => [
      service,
      ...costs.map((cost) => usd(cost.costs[service])),
    ];
    report({
      name: 'requests',
      tables: [
        {
          head: ['requests of one import', `${from} parts`, `${to} parts`, 'per part', 'fixed'],
          rows: lines
            .toSorted((a, b) => a.name.localeCompare(b.name))
            .map((line) => [
              line.name,
              `${line.few}`,
              `${line.many}`,
              decimals(line.each),
              decimals(line.fixed),
            ]),
        },
        {
          head: ['USD of one import', ...costs.map(({ label, parts }) => `${label} (${parts} parts)`)],
          rows: [
            ...(['S3', 'DynamoDB', 'SQS', 'EventBridge', 'API', 'Lambda'] as const).map(serviceRow),
            ['**sum**', ...costs.map(({ total }) => `**${usd(total)}**`)],
            ['traffic out of AWS, if the target is outside', ...costs.map(({ egress }) => usd(egress))],
          ],
        },
      ],
      notes: [
        `Counted by proxies before the emulated S3, SQS, DynamoDB and EventBridge (with EVENT_BUS_NAME set; without it there are no events), units as the emulated DynamoDB tells them; larger sizes by the part plan (16 MiB, at most 10 000 parts) and ${assumedRate / MiB} MiB/s in each of the two functions that move bytes, with a heartbeat (one write unit, one SQS request) every ${heartbeatS} s.`,
        'List prices of us-east-1, arm64, without free tiers; KMS, logs and the idle polling of the queues are not in it. Images above 4 GiB are read once more by stream-image, to be proven; their segments cost a handful of requests each, which are not in it. A copy that takes longer than 15 minutes goes on in another run; the way into Glance must fit into one, and beyond that the price is arithmetic only.',
      ],
    });
  } finally {
    await counting.stop();
  }
};
