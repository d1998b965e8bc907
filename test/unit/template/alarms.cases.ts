import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { errorRules } from '../../../lib/errors.ts';
import {
  countFailed,
  countReplicaDone,
  countReplicaFailed,
  countStarted,
  countSucceeded,
  countSynced,
  countUntold,
  stepTook,
} from '../../../lib/metrics.ts';
import { environmentOf, functions, inShort, logicalIdOf, names, type Packaged } from './packaged.ts';

interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
}

interface Alarm extends Metric {
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: Metric } }[];
  readonly Threshold: number;
}

const metricsOf = (alarm: Alarm): readonly Metric[] =>
  alarm.Metrics
    ? alarm.Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []))
    : [alarm];

/** `AWS/SQS ApproximateAgeOfOldestMessage QueueName=FailImportQueue.QueueName` */
const spelt = (
  namespace: string,
  name: string,
  dimensions: readonly (readonly [string, unknown])[],
): string => [namespace, name, ...dimensions.map(([key, value]) => `${key}=${value}`).sort()].join(' ');

const speltMetric = ({ Namespace, MetricName, Dimensions }: Metric): string =>
  spelt(
    Namespace,
    MetricName,
    Dimensions.map(({ Name, Value }) => [Name, inShort(Value)]),
  );

/** The metrics that the functions really write, in the same spelling. */
function written(namespace: string): Set<string> {
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', namespace);
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  countStarted('R');
  countUntold();
  countSucceeded({ region: 'R', bytes: 1, seconds: 1 });
  for (const code of Object.keys(errorRules) as (keyof typeof errorRules)[]) countFailed(code, 'R');
  for (const step of ['stream-image', 'apply-metadata', 'fail-import', 'replicate-image'] as const)
    stepTook(step, 1);
  countReplicaDone();
  countReplicaFailed();
  countSynced('R', { copied: 1, bytes: 1, updated: 1, retired: 1, kept: 1, failed: 1 });
  const lines = stdout.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
  stdout.mockRestore();
  vi.unstubAllEnvs();
  return new Set(
    lines.flatMap((line) => {
      const { CloudWatchMetrics } = line['_aws'] as {
        CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[];
      };
      return CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
        Metrics.flatMap(({ Name }) =>
          Dimensions.map((set) =>
            spelt(
              Namespace,
              Name,
              set.map((key) => [key, line[key]]),
            ),
          ),
        ),
      );
    }),
  );
}

/** What a chart of all regions looks for, as if there were one region, R. */
const searched = ({ expression }: { readonly expression: string }): string => {
  const form = /^SEARCH\('{"([^"]+)",service,region} service="([^"]+)" MetricName="(\w+)"', '\w+', 300\)$/;
  const [, namespace = '', service = '', name = ''] = form.exec(expression) ?? [];
  const dimensions = Object.entries({ service, region: 'R' });
  return spelt(namespace, name, dimensions);
};

interface Widget {
  readonly type: string;
  readonly properties: { readonly metrics?: readonly (readonly unknown[])[]; readonly query?: string };
}

export const alarmsCases = (packaged: () => Packaged) => {
  const alarms = () =>
    packaged().ofType('AWS::CloudWatch::Alarm') as unknown as readonly (readonly [string, Alarm])[];
  const widgets = (): readonly Widget[] => {
    const body = packaged().properties('Dashboard')['DashboardBody'] as { 'Fn::Sub': string };
    return (JSON.parse(body['Fn::Sub']) as { widgets: Widget[] }).widgets;
  };
  const charted = (): string[] =>
    widgets().flatMap(({ properties: { metrics = [] } }) =>
      metrics.map(([namespace, name, ...rest]) => {
        if (typeof namespace === 'object') return searched(namespace as { expression: string });
        const texts = rest.filter((one) => typeof one === 'string').map((one) => inShort({ 'Fn::Sub': one }));
        const dimensions = texts.flatMap((key, i) =>
          i % 2 === 0 ? [[String(key), texts[i + 1]] as const] : [],
        );
        return spelt(String(namespace), String(name), dimensions);
      }),
    );
  const own = (): string => String(environmentOf(packaged(), 'stream-image')['POWERTOOLS_METRICS_NAMESPACE']);

  describe('alarms', () => {
    test.each([
      [
        'StreamImageQueueWaitsAlarm',
        'AWS/SQS ApproximateAgeOfOldestMessage QueueName=StreamImageQueue.QueueName',
        3600,
      ],
      [
        'ApplyMetadataQueueWaitsAlarm',
        'AWS/SQS ApproximateAgeOfOldestMessage QueueName=ApplyMetadataQueue.QueueName',
        3600,
      ],
      [
        'FailImportQueueWaitsAlarm',
        'AWS/SQS ApproximateAgeOfOldestMessage QueueName=FailImportQueue.QueueName',
        900,
      ],
      [
        'FailImportDeadAlarm',
        'AWS/SQS ApproximateNumberOfMessagesVisible QueueName=FailImportDeadQueue.QueueName',
        0,
      ],
      ['SyncFailuresAlarm', 'glance-ferry-prod SyncFailed service=glance-ferry', 0],
      ['EventsLostAlarm', 'glance-ferry-prod EventsLost service=glance-ferry', 0],
      [
        'ReplicateImageQueueWaitsAlarm',
        'AWS/SQS ApproximateAgeOfOldestMessage QueueName=ReplicateImageQueue.QueueName',
        3600,
      ],
      [
        'ReplicateImageDeadAlarm',
        'AWS/SQS ApproximateNumberOfMessagesVisible QueueName=ReplicateImageDeadQueue.QueueName',
        0,
      ],
      ['ApiServerErrorsAlarm', 'AWS/ApiGateway 5xx ApiId=HttpApi', 5],
      [
        'ApplyMetadataTimeAlarm',
        'glance-ferry-prod StepSeconds service=glance-ferry step=apply-metadata',
        696,
      ],
      [
        'ReplicateImageTimeAlarm',
        'glance-ferry-prod StepSeconds service=glance-ferry step=replicate-image',
        72,
      ],
      ['FailImportTimeAlarm', 'glance-ferry-prod StepSeconds service=glance-ferry step=fail-import', 216],
    ])('%s watches %s above %i', (id, metric, threshold) => {
      const alarm = packaged().properties(id) as unknown as Alarm;
      expect(metricsOf(alarm).map(speltMetric)).toEqual([metric]);
      expect(alarm).toMatchObject({ Threshold: threshold, ComparisonOperator: 'GreaterThanThreshold' });
    });

    test('more than half of the imports that end must fail for the alarm on failures', () => {
      const alarm = packaged().properties('ImportFailuresAlarm') as unknown as Alarm;
      expect(alarm).toMatchObject({
        Threshold: 50,
        Metrics: [
          {
            Expression:
              'IF((FILL(failed, 0) + FILL(succeeded, 0)) >= 5, ' +
              '100 * FILL(failed, 0) / (FILL(failed, 0) + FILL(succeeded, 0)), 0)',
          },
          { Id: 'failed', ReturnData: false },
          { Id: 'succeeded', ReturnData: false },
        ],
      });
      expect(metricsOf(alarm).map(({ MetricName }) => MetricName)).toEqual([
        'ImportsFailed',
        'ImportsSucceeded',
      ]);
    });

    test.each(['Errors', 'Throttles'])('%s of all functions are watched', (metric) => {
      const alarm = packaged().properties(`Function${metric}Alarm`) as unknown as Alarm;
      expect(metricsOf(alarm).map(speltMetric)).toEqual(
        names.map((name) => `AWS/Lambda ${metric} FunctionName=${logicalIdOf(name)}LambdaFunction`),
      );
      // "An alarm based on a metric math expression can reference up to 10 metrics."
      expect(metricsOf(alarm).length).toBeLessThanOrEqual(10);
    });

    test('are all explained in docs/operations.md, and no others', () => {
      const operations = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
      const explained = new Set([...operations.matchAll(/`(\w+Alarm)`/g)].map(([, id]) => id));
      expect([...explained].sort()).toEqual(
        alarms()
          .map(([id]) => id)
          .sort(),
      );
    });

    test('every queue that a function reads is watched', () => {
      const queues = names.flatMap((name) => ('queue' in functions[name] ? [functions[name].queue] : []));
      const watched = alarms().map(([id]) => id);
      expect(queues.filter((queue) => !watched.includes(`${queue}WaitsAlarm`))).toEqual([]);
    });

    test('on metrics of our own are on such as the functions write', () => {
      const metrics = alarms()
        .flatMap(([, alarm]) => metricsOf(alarm))
        .map(speltMetric);
      const ours = metrics.filter((metric) => metric.startsWith(own()));
      expect(ours).toHaveLength(7);
      expect(ours.filter((metric) => !written(own()).has(metric))).toEqual([]);
    });

    test('stay silent while nothing happens, and without a topic tell nobody', () => {
      for (const [, alarm] of alarms()) {
        expect(alarm).toMatchObject({
          TreatMissingData: 'notBreaching',
          AlarmDescription: expect.any(String),
        });
        expect(alarm).not.toHaveProperty('AlarmActions');
      }
    });
  });

  describe('the dashboard', () => {
    test('shows every metric that the functions write, and every one that an alarm is on', () => {
      const shown = charted();
      const passing = /code=(method-not-allowed|claim-lost)/;
      const wanted = [...written(own())].filter((metric) => !passing.test(metric));
      expect(wanted.filter((metric) => !shown.includes(metric))).toEqual([]);
      const alarmed = alarms()
        .flatMap(([, alarm]) => metricsOf(alarm))
        .map(speltMetric);
      expect(alarmed.filter((metric) => !shown.includes(metric))).toEqual([]);
    });

    test('shows no metric of ours that nobody writes', () => {
      const ours = charted().filter((metric) => metric.startsWith(own()));
      expect(ours.filter((metric) => !written(own()).has(metric))).toEqual([]);
    });

    test('reads log groups that there are', () => {
      const groups = packaged()
        .ofType('AWS::Logs::LogGroup')
        .map(([, { LogGroupName }]) => LogGroupName);
      const read = widgets().flatMap(({ properties: { query = '' } }) =>
        [...query.matchAll(/SOURCE '([^']+)'/g)].map(([, group]) => group),
      );
      expect(read).toHaveLength(4);
      expect(read.filter((group) => !groups.includes(group))).toEqual([]);
    });
  });
};
