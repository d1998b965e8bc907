import { GiB, MiB, partCount, planParts } from '../../lib/transfer/part-plan.ts';
import { startCountingProxy } from './counting-proxy.ts';
import { startFunction } from './measured-function.ts';
import { gigabyte, memoryGb, prices } from './price-list.ts';
import { startReport } from './report.ts';
import { startStage } from './stage.ts';

// Requests to each service of AWS per import, counted at two sizes, and what they cost by AWS's list prices.

const limits = { partSize: 16 * MiB, maxParts: 10_000 };
const partsOf = (size: number): number => partCount(size, planParts(size, limits));
const counted = [16, 64] as const; // parts
/** Assumed of each of the two functions that move bytes; the throughput above is that of this machine. */
const assumedRate = 200 * MiB; // bytes a second
const heartbeatS = 20;

type Numbers = Readonly<Record<string, number>>;

const services = ['s3', 'sqs', 'dynamodb'] as const;

/** One whole import through counting proxies. @returns by `service operation`, DynamoDB's units beside them */
const startCounting = async () => {
  const proxies: Awaited<ReturnType<typeof startCountingProxy>>[] = [];
  const stage = await startStage(undefined, async (env) => {
    for (const name of services)
      proxies.push(await startCountingProxy(name, env[`AWS_ENDPOINT_URL_${name.toUpperCase()}`] ?? ''));
    const [s3 = '', sqs = '', dynamodb = ''] = proxies.map(({ url }) => url);
    const queues = Object.entries(env).filter(([name]) => name.endsWith('_QUEUE_URL'));
    const behind = queues.map(([name, url]) => [name, url.replace(env['AWS_ENDPOINT_URL_SQS'] ?? '', sqs)]);
    const endpoints = {
      AWS_ENDPOINT_URL_S3: s3,
      AWS_ENDPOINT_URL_SQS: sqs,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    };
    return { ...endpoints, ...Object.fromEntries(behind) };
  });
  const functions = [
    ['STREAM_IMAGE', startFunction('stream-image', stage.env)],
    ['APPLY_METADATA', startFunction('apply-metadata', stage.env)],
  ] as const;

  const countsOf = (
    proxy: (typeof proxies)[number] | undefined,
    service: string,
  ): readonly [string, number][] => {
    const { requests = {}, units = { read: 0, write: 0 } } = proxy?.take() ?? {};
    const named = Object.entries(requests).map(([name, count]): [string, number] => [
      `${service} ${name}`,
      count,
    ]);
    return service === 'dynamodb'
      ? [...named, ['write units', units.write], ['read units', units.read]]
      : named;
  };

  const countImport = async (size: number): Promise<Numbers> => {
    const formats = { disk_format: 'raw', container_format: 'bare' };
    const { id } = await stage.openstack.regions.REGION1.madeUpImage(formats, {
      size,
      seed: 1,
      checksum: false,
    });
    for (const proxy of proxies) proxy.take();
    await stage.requestImport(id);
    for (const [queue, process] of functions) {
      const { event, done } = await stage.nextEvent(queue);
      await process.invoke(event);
      await done();
    }
    return Object.fromEntries(services.flatMap((name, index) => countsOf(proxies[index], name)));
  };

  const stop = async () => {
    await Promise.all(functions.map(([, process]) => process.stop()));
    await stage.stop();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  };
  return { countImport, stop };
};

/** `fixed + each × parts` through two counts. */
const lineThrough = (few: Numbers, many: Numbers) => {
  const names = [...new Set([...Object.keys(few), ...Object.keys(many)])];
  const [from, to] = counted;
  return names.map((name) => {
    const each = ((many[name] ?? 0) - (few[name] ?? 0)) / (to - from);
    return { name, few: few[name] ?? 0, many: many[name] ?? 0, each, fixed: (few[name] ?? 0) - from * each };
  });
};

const isFree = (name: string): boolean => /Delete|Abort/.test(name);

/** USD of one import by service. */
const costOf = (lines: ReturnType<typeof lineThrough>, size: number) => {
  const parts = partsOf(size);
  const seconds = size / assumedRate;
  const beats = 2 * Math.floor(seconds / heartbeatS); // both functions that move bytes
  const sum = (isWanted: (name: string) => boolean) =>
    lines
      .filter(({ name }) => isWanted(name))
      .reduce((total, { fixed, each }) => total + fixed + each * parts, 0);
  const storedMonths = (1.5 * seconds) / (730 * 3600); // fills, then waits while it is read
  const costs = {
    S3:
      sum((name) => name.startsWith('s3') && !isFree(name) && !/Get|Head/.test(name)) * prices.s3Write +
      sum((name) => /s3 (Get|Head)/.test(name)) * prices.s3Read +
      (size / gigabyte) * storedMonths * prices.s3Storage,
    DynamoDB:
      (sum((name) => name === 'write units') + beats) * prices.dynamoWriteUnit +
      sum((name) => name === 'read units') * prices.dynamoReadUnit,
    SQS: (sum((name) => name.startsWith('sqs')) + beats) * prices.sqsRequest,
    API: prices.apiRequest,
    Lambda:
      3 * prices.lambdaRequest +
      seconds * (memoryGb.stream + memoryGb.apply) * prices.lambdaGbS +
      0.2 * memoryGb.http * prices.lambdaGbS,
  };
  const total = Object.values(costs).reduce((all, cost) => all + cost, 0);
  return { parts, costs, total, egress: (size / gigabyte) * prices.egress };
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
    const serviceRow = (service: 'S3' | 'DynamoDB' | 'SQS' | 'API' | 'Lambda') => [
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
            ...(['S3', 'DynamoDB', 'SQS', 'API', 'Lambda'] as const).map(serviceRow),
            ['**sum**', ...costs.map(({ total }) => `**${usd(total)}**`)],
            ['traffic out of AWS, if the target is outside', ...costs.map(({ egress }) => usd(egress))],
          ],
        },
      ],
      notes: [
        `Counted by proxies before the emulated S3, SQS and DynamoDB, units as the emulated DynamoDB tells them; larger sizes by the part plan (16 MiB, at most 10 000 parts) and ${assumedRate / MiB} MiB/s in each of the two functions that move bytes, with a heartbeat (one write unit, one SQS request) every ${heartbeatS} s.`,
        'List prices of us-east-1, arm64, without free tiers; KMS, logs and the idle polling of the queues are not in it. A copy that takes longer than 15 minutes does not fit into one function yet: then the price is arithmetic only.',
      ],
    });
  } finally {
    await counting.stop();
  }
};
