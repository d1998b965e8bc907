import { alarms } from './alarms.ts';
import { dashboard } from './dashboard.ts';
import type { Watched } from './metric.ts';

/** The part of osls that is used here. */
interface Serverless {
  readonly service: {
    readonly service: string;
    readonly functions: Readonly<Record<string, { readonly timeout?: number }>>;
    readonly provider: {
      readonly timeout: number;
      readonly environment: { readonly POWERTOOLS_METRICS_NAMESPACE: string };
    };
    readonly custom: { readonly watching: { readonly deadlineReserveS: string; readonly topicArn: string } };
    readonly resources: {
      readonly Resources: Record<string, { readonly Type: string; Properties: unknown }>;
    };
  };
  getProvider(name: 'aws'): {
    readonly naming: { getStackName(): string; getLambdaLogicalId(name: string): string };
  };
}

const watchedIn = (serverless: Serverless): Watched => {
  const { service, functions, provider, custom, resources } = serverless.service;
  const { naming } = serverless.getProvider('aws');
  const queues = Object.entries(resources.Resources)
    .filter(([, { Type }]) => Type === 'AWS::SQS::Queue')
    .map(([id]) => id);
  const isDead = (id: string): boolean => id.endsWith('DeadQueue');
  return {
    stack: naming.getStackName(),
    functions: Object.entries(functions).map(([name, { timeout }]) => ({
      name,
      logicalId: naming.getLambdaLogicalId(name),
      timeoutS: timeout ?? provider.timeout,
    })),
    queues: queues.filter((id) => !isDead(id)),
    deadQueues: queues.filter(isDead),
    own: { namespace: provider.environment.POWERTOOLS_METRICS_NAMESPACE, service },
    reserveS: Number(custom.watching.deadlineReserveS),
    alarmTopicArn: custom.watching.topicArn || undefined,
  };
};

/** A plugin of osls that adds alarms and a dashboard for whatever functions and queues serverless.yml has. */
export default function watching(serverless: Serverless) {
  const addResources = () => {
    const watched = watchedIn(serverless);
    Object.assign(serverless.service.resources.Resources, alarms(watched), dashboard(watched));
  };
  return { hooks: { 'before:package:finalize': addResources } };
}
