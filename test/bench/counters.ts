import { startCountingProxy } from './counting-proxy.ts';
import type { Numbers } from './import-cost.ts';

type Env = Readonly<Record<string, string>>;

const services = ['s3', 'sqs', 'dynamodb', 'eventbridge'] as const;
const endpointOf = (service: (typeof services)[number]): string =>
  `AWS_ENDPOINT_URL_${service.toUpperCase()}`;

/** Counts what functions ask of AWS, by proxies before the emulated services. */
export const createCounters = () => {
  const proxies: Awaited<ReturnType<typeof startCountingProxy>>[] = [];

  const countsOf = (index: number, service: string): readonly (readonly [string, number])[] => {
    const { requests = {}, units = { read: 0, write: 0 } } = proxies[index]?.take() ?? {};
    const named = Object.entries(requests).map(([name, count]) => [`${service} ${name}`, count] as const);
    if (service !== 'dynamodb') return named;
    return [...named, ['write units', units.write], ['read units', units.read]];
  };

  return {
    /** Starts the proxies. @returns the settings with which functions go through them */
    settings: async (env: Env): Promise<Env> => {
      for (const service of services)
        proxies.push(await startCountingProxy(service, env[endpointOf(service)] ?? ''));
      const endpoints = services.map((service, index) => [endpointOf(service), proxies[index]?.url ?? '']);
      const behind = Object.fromEntries(endpoints) as Env;
      const queues = Object.entries(env)
        .filter(([name]) => name.endsWith('_QUEUE_URL'))
        .map(([name, url]) => [
          name,
          url.replace(env[endpointOf('sqs')] ?? '', behind[endpointOf('sqs')] ?? ''),
        ]);
      return { ...behind, ...Object.fromEntries(queues) };
    },
    /** By `service operation`, DynamoDB's units beside them, since the last call. */
    take: (): Numbers => Object.fromEntries(services.flatMap((service, index) => countsOf(index, service))),
    stop: async (): Promise<void> => void (await Promise.all(proxies.map((proxy) => proxy.stop()))),
  };
};
