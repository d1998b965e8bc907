import { type ErrorCode, errorRules } from '../lib/errors.ts';
import { type Metric, ofApi, ofFunction, ofQueue, ownMetric, reference, type Watched } from './metric.ts';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html

interface Line {
  readonly metric: Metric;
  readonly label: string;
  readonly stat: string;
}

const lineOf = (metric: Metric, label: string, stat = 'Sum'): Line => ({ metric, label, stat });

const timeSeries = (title: string, metrics: readonly unknown[], unit: string) => ({
  type: 'metric',
  width: 8,
  height: 6,
  properties: {
    title,
    view: 'timeSeries',
    region: reference('AWS::Region'),
    period: 300,
    yAxis: { left: { min: 0, label: unit, showUnits: false } },
    metrics,
  },
});

const chart = (title: string, lines: readonly Line[], unit = '') => {
  const metrics = lines.map(({ metric, label, stat }) => [
    metric.namespace,
    metric.name,
    ...Object.entries(metric.dimensions).flat(),
    { label, stat },
  ]);
  return timeSeries(title, metrics, unit);
};

/**
 * A line for each region that there is.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 */
const chartOfRegions = (
  { own: { namespace, service } }: Watched,
  title: string,
  names: readonly string[],
  { stat = 'Sum', unit = '' } = {},
) => {
  const metrics = names.map((name) => {
    const wanted = `{"${namespace}",service,region} service="${service}" MetricName="${name}"`;
    return [{ expression: `SEARCH('${wanted}', '${stat}', 300)` }];
  });
  return timeSeries(title, metrics, unit);
};

/** Codes with which no import ends: they belong to requests, or say that a step goes on. */
const passing: readonly ErrorCode[] = ['method-not-allowed', 'claim-lost'];
const endingCodes = (Object.keys(errorRules) as ErrorCode[]).filter((code) => !passing.includes(code));

/** Of an import. */
const steps = ['stream-image', 'apply-metadata', 'fail-import'];

/** The last lines of some functions' logs. */
const lastLines = (
  { stack }: Watched,
  title: string,
  names: readonly string[],
  query: readonly string[],
) => ({
  type: 'log',
  width: 24,
  height: 6,
  properties: {
    title,
    view: 'table',
    region: reference('AWS::Region'),
    query: [
      ...names.map((name) => `SOURCE '/aws/lambda/${stack}-${name}'`),
      ...query,
      'sort @timestamp desc',
      'limit 50',
    ].join(' | '),
  },
});

const failedImports = (watched: Watched) =>
  lastLines(watched, 'Imports that failed', steps, [
    'fields @timestamp, request_id, task_id, region, image_id, reason',
    'filter message = "import ended" and status = "failure"',
  ]);

const failedReplicas = (watched: Watched) =>
  lastLines(
    watched,
    'Replicas that failed, events that were refused',
    ['replicate-image'],
    [
      'fields @timestamp, about.region, about.source_region, about.source_image_id, about.policy, reason',
      'filter message = "replica failed" or message = "event refused"',
    ],
  );

const widgets = (watched: Watched) => {
  const own = (name: string, dimensions = {}) => ownMetric(watched, name, dimensions);
  const { functions, queues, deadQueues } = watched;
  const ofEachFunction = (name: string, stat: string) =>
    functions.map((each) => lineOf(ofFunction(each, name), each.name, stat));
  return [
    chart('Imports', [
      lineOf(own('ImportsStarted'), 'started'),
      lineOf(own('ImportsSucceeded'), 'succeeded'),
      lineOf(own('ImportsFailed'), 'failed'),
    ]),
    chart(
      'Failures by code',
      endingCodes.map((code) => lineOf(own('ImportsFailed', { code }), code)),
    ),
    chart('Bytes imported', [lineOf(own('ImportBytes'), 'bytes')], 'bytes in 5 min'),
    chart(
      'From request to success',
      ['p50', 'p95', 'Maximum'].map((stat) => lineOf(own('ImportSeconds'), stat, stat)),
      's',
    ),
    chartOfRegions(watched, 'Imports by region', ['ImportsStarted', 'ImportsSucceeded', 'ImportsFailed']),
    chartOfRegions(watched, 'Bytes by region', ['ImportBytes'], { unit: 'bytes in 5 min' }),
    chartOfRegions(watched, 'From request to success by region', ['ImportSeconds'], {
      stat: 'Maximum',
      unit: 's',
    }),
    chart('Replicas', [
      lineOf(own('ReplicasDone'), 'as they are to be'),
      lineOf(own('ReplicasFailed'), 'failed'),
    ]),
    chart('Kept in sync', [
      lineOf(own('SyncCopied'), 'copies asked for'),
      lineOf(own('SyncUpdated'), 'updated'),
      lineOf(own('SyncRetired'), 'retired'),
      lineOf(own('SyncKept'), 'kept as they are'),
      lineOf(own('SyncFailed'), 'failed'),
    ]),
    chartOfRegions(watched, 'Kept in sync by region', [
      'SyncCopied',
      'SyncUpdated',
      'SyncRetired',
      'SyncKept',
      'SyncFailed',
    ]),
    chart('Bytes to be kept in sync', [lineOf(own('SyncBytes'), 'bytes asked for')], 'bytes in 5 min'),
    chartOfRegions(watched, 'Bytes to be kept in sync by region', ['SyncBytes'], { unit: 'bytes in 5 min' }),
    chart(
      'Longest run of each step',
      [...steps, 'replicate-image'].map((step) => lineOf(own('StepSeconds', { step }), step, 'Maximum')),
      's',
    ),
    chart(
      'Oldest message',
      queues.map((queue) => lineOf(ofQueue(queue, 'ApproximateAgeOfOldestMessage'), queue, 'Maximum')),
      's',
    ),
    chart(
      'Messages that wait',
      [...queues, ...deadQueues].map((queue) =>
        lineOf(ofQueue(queue, 'ApproximateNumberOfMessagesVisible'), queue, 'Maximum'),
      ),
    ),
    chart('Events that the bus did not take', [lineOf(own('EventsLost'), 'lost')]),
    chart('Functions at work', ofEachFunction('ConcurrentExecutions', 'Maximum')),
    chart('Functions: crashes and ends of time', ofEachFunction('Errors', 'Sum')),
    chart('Functions throttled', ofEachFunction('Throttles', 'Sum')),
    chart('Requests', [
      lineOf(ofApi('Count'), 'all'),
      lineOf(ofApi('4xx'), '4xx'),
      lineOf(ofApi('5xx'), '5xx'),
    ]),
    chart(
      'Time of an answer',
      ['p50', 'p95', 'Maximum'].map((stat) => lineOf(ofApi('Latency'), stat, stat)),
      'ms',
    ),
    failedImports(watched),
    failedReplicas(watched),
  ];
};

/** The dashboard of a deployment by its logical id. */
export const dashboard = (watched: Watched) => ({
  Dashboard: {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: {
      DashboardName: watched.stack,
      DashboardBody: { 'Fn::Sub': JSON.stringify({ widgets: widgets(watched) }) },
    },
  },
});
