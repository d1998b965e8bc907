/**
 * A metric of CloudWatch. Values of dimensions are texts of `Fn::Sub`: `${FailImportQueue.QueueName}` is a queue's name,
 * `${StreamDashimageLambdaFunction}` a function's.
 */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** What is watched: the service's own parts, by their logical ids, so that a new one is watched as well. */
export interface Watched {
  /** Of all resources' names. */
  readonly stack: string;
  readonly functions: readonly WatchedFunction[];
  /** Queues that functions read. */
  readonly queues: readonly string[];
  /** Those that nobody reads. */
  readonly deadQueues: readonly string[];
  /** Where lib/metrics.ts puts its metrics, and the service that it names. */
  readonly own: { readonly namespace: string; readonly service: string };
  /** Seconds before a function's timeout at which a step stops. */
  readonly reserveS: number;
  /** SNS topic that alarms are sent to. */
  readonly alarmTopicArn: string | undefined;
}

export interface WatchedFunction {
  readonly name: string;
  readonly logicalId: string;
  readonly timeoutS: number;
}

/** A reference inside a text of `Fn::Sub`. */
export const reference = (name: string): string => `\${${name}}`;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */
export const ofQueue = (queue: string, name: string): Metric => ({
  namespace: 'AWS/SQS',
  name,
  dimensions: { QueueName: reference(`${queue}.QueueName`) },
});

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
export const ofFunction = ({ logicalId }: WatchedFunction, name: string): Metric => ({
  namespace: 'AWS/Lambda',
  name,
  dimensions: { FunctionName: reference(logicalId) },
});

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html */
export const ofApi = (name: string): Metric => ({
  namespace: 'AWS/ApiGateway',
  name,
  dimensions: { ApiId: reference('HttpApi') },
});

/** One of lib/metrics.ts. */
export const ownMetric = (
  { own }: Watched,
  name: string,
  dimensions: Readonly<Record<string, string>> = {},
): Metric => ({ namespace: own.namespace, name, dimensions: { service: own.service, ...dimensions } });
