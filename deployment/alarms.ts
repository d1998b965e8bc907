import { type Metric, ofApi, ofFunction, ofQueue, ownMetric, type Watched } from './metric.ts';

// What each alarm means and what to do: docs/operations.md.

interface Alarm {
  readonly description: string;
  /** Breached when it is greater. */
  readonly threshold: number;
  /** Seconds that a value is gathered for. */
  readonly periodS: number;
  readonly of: Measure | Calculation;
}

type Statistic = 'Sum' | 'Maximum';

interface Measure {
  readonly metric: Metric;
  readonly statistic: Statistic;
}

/** Of metrics, by the ids that the expression calls them by. */
interface Calculation {
  readonly expression: string;
  readonly metrics: Readonly<Record<string, Measure>>;
}

const text = (value: string): unknown => (value.includes('${') ? { 'Fn::Sub': value } : value);

const dimensionsOf = ({ dimensions }: Metric) =>
  Object.entries(dimensions).map(([Name, value]) => ({ Name, Value: text(value) }));

const measured = ({ metric, statistic }: Measure, Period: number) => ({
  Namespace: metric.namespace,
  MetricName: metric.name,
  Dimensions: dimensionsOf(metric),
  Statistic: statistic,
  Period,
});

const calculated = ({ expression, metrics }: Calculation, Period: number) => ({
  Metrics: [
    { Id: 'value', Expression: expression },
    ...Object.entries(metrics).map(([Id, { metric, statistic }]) => ({
      Id,
      ReturnData: false,
      MetricStat: {
        Metric: { Namespace: metric.namespace, MetricName: metric.name, Dimensions: dimensionsOf(metric) },
        Period,
        Stat: statistic,
      },
    })),
  ],
});

/** Silence is good: nothing happens where nothing is imported. */
const resource = ({ description, threshold, periodS, of }: Alarm, { alarmTopicArn }: Watched) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmDescription: description,
    ...('metric' in of ? measured(of, periodS) : calculated(of, periodS)),
    Threshold: threshold,
    ComparisonOperator: 'GreaterThanThreshold',
    EvaluationPeriods: 1,
    TreatMissingData: 'notBreaching',
    ...(alarmTopicArn && { AlarmActions: [alarmTopicArn] }),
  },
});

/** The sum over all functions of one of Lambda's metrics. */
const ofAllFunctions = ({ functions }: Watched, name: string): Calculation => ({
  expression: 'SUM(METRICS())',
  metrics: Object.fromEntries(
    functions.map((each, i): [string, Measure] => [
      `f${i}`,
      { metric: ofFunction(each, name), statistic: 'Sum' },
    ]),
  ),
});

const fewestImports = 5;

/** Percent of the imports that ended, of few of them 0: one of two is no trend. */
const failureRate = (watched: Watched): Calculation => {
  const [failed, succeeded] = ['FILL(failed, 0)', 'FILL(succeeded, 0)'];
  const ended = `(${failed} + ${succeeded})`;
  return {
    expression: `IF(${ended} >= ${fewestImports}, 100 * ${failed} / ${ended}, 0)`,
    metrics: {
      failed: { metric: ownMetric(watched, 'ImportsFailed'), statistic: 'Sum' },
      succeeded: { metric: ownMetric(watched, 'ImportsSucceeded'), statistic: 'Sum' },
    },
  };
};

const hour = 3600; // s
/** A step that waits; one that rolls back should not. */
const longestWaitS = (queue: string): number => (queue === 'FailImportQueue' ? hour / 4 : hour);

const waits = (queue: string): Alarm => ({
  description: `The oldest message of ${queue} waits too long: too few functions at work, or they cannot end it.`,
  threshold: longestWaitS(queue),
  periodS: 300,
  of: { metric: ofQueue(queue, 'ApproximateAgeOfOldestMessage'), statistic: 'Maximum' },
});

const whyDead: Readonly<Record<string, string>> = {
  FailImportDeadQueue: 'An import could neither be finished nor rolled back.',
  ReplicateImageDeadQueue: 'An event is none, or asks for what cannot be: the letter says why.',
};

const hasLetters = (queue: string): Alarm => ({
  description: `${whyDead[queue] ?? 'A message could not be dealt with.'} A person has to look at the message.`,
  threshold: 0,
  periodS: 60,
  of: { metric: ofQueue(queue, 'ApproximateNumberOfMessagesVisible'), statistic: 'Maximum' },
});

/** Steps that have to fit into one run. stream-image has not: it uses its time up and goes on in another. */
const oneRunSteps = ['apply-metadata', 'fail-import', 'replicate-image'];

const nearTimeout = (watched: Watched, step: string, timeoutS: number): Alarm => ({
  description: `A run of ${step} took four fifths of its time: one a little longer ends without success.`,
  threshold: Math.round(0.8 * (timeoutS - watched.reserveS)),
  periodS: 300,
  of: { metric: ownMetric(watched, 'StepSeconds', { step }), statistic: 'Maximum' },
});

const inPascalCase = (name: string): string =>
  name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The alarms of a deployment by their logical ids. */
export const alarms = (watched: Watched): Record<string, ReturnType<typeof resource>> => {
  const all: Record<string, Alarm> = {
    ImportFailuresAlarm: {
      description: `More than half of the imports fail (${fewestImports} or more within 15 minutes).`,
      threshold: 50, // %
      periodS: 900,
      of: failureRate(watched),
    },
    FunctionErrorsAlarm: {
      description: 'Functions crash or run out of time.',
      threshold: 5,
      periodS: 300,
      of: ofAllFunctions(watched, 'Errors'),
    },
    FunctionThrottlesAlarm: {
      description:
        "Functions are throttled: the account's concurrency is used up, or what is reserved for them.",
      threshold: 20,
      periodS: 300,
      of: ofAllFunctions(watched, 'Throttles'),
    },
    EventsLostAlarm: {
      description: 'The event bus could not be told that the state of an import has changed.',
      threshold: 0,
      periodS: 300,
      of: { metric: ownMetric(watched, 'EventsLost'), statistic: 'Sum' },
    },
    SyncFailuresAlarm: {
      description:
        'A run of sync-images could not do all that the policies want: its log says what, and why.',
      threshold: 0,
      periodS: 300,
      of: { metric: ownMetric(watched, 'SyncFailed'), statistic: 'Sum' },
    },
    ApiServerErrorsAlarm: {
      description: 'Requests are answered 5xx: Keystone, Glance, the table or a queue does not answer.',
      threshold: 5,
      periodS: 300,
      of: { metric: ofApi('5xx'), statistic: 'Sum' },
    },
  };
  for (const queue of watched.deadQueues) all[`${queue.replace(/Queue$/, '')}Alarm`] = hasLetters(queue);
  for (const queue of watched.queues) all[`${queue}WaitsAlarm`] = waits(queue);
  for (const { name, timeoutS } of watched.functions)
    if (oneRunSteps.includes(name))
      all[`${inPascalCase(name)}TimeAlarm`] = nearTimeout(watched, name, timeoutS);
  return Object.fromEntries(Object.entries(all).map(([id, alarm]) => [id, resource(alarm, watched)]));
};
