import { parseArgs } from 'node:util';
import type { CloudPorts } from '../cloud.ts';

/** One port of the local cloud: its flag, its variable and the port `npm start` takes when nothing is said. */
const ports = {
  api: { flag: 'api-port', variable: 'API_PORT', start: 9280, what: 'our HTTP API' },
  keystone: { flag: 'keystone-port', variable: 'KEYSTONE_PORT', start: 9281, what: 'Keystone' },
  REGION1: { flag: 'region1-port', variable: 'REGION1_PORT', start: 9282, what: 'Glance of REGION1' },
  REGION2: { flag: 'region2-port', variable: 'REGION2_PORT', start: 9283, what: 'Glance of REGION2' },
  REGION3: { flag: 'region3-port', variable: 'REGION3_PORT', start: 9288, what: 'Glance of REGION3' },
  sqs: { flag: 'sqs-port', variable: 'SQS_PORT', start: 9284, what: 'SQS' },
  s3: { flag: 's3-port', variable: 'S3_PORT', start: 9285, what: 'S3' },
  dynamodb: { flag: 'dynamodb-port', variable: 'DYNAMODB_PORT', start: 9286, what: 'DynamoDB' },
  secretsManager: {
    flag: 'secrets-port',
    variable: 'SECRETS_PORT',
    start: 9287,
    what: 'Secrets Manager',
  },
  eventBridge: { flag: 'events-port', variable: 'EVENTS_PORT', start: 9289, what: 'EventBridge' },
} as const;

type PortName = keyof typeof ports;
export type Ports = Required<CloudPorts> & { readonly api: number };

export interface Options {
  readonly ports: Ports;
  /** A real cloud's openrc; without it the cloud is emulated. */
  readonly openrc: string | undefined;
  /** Region of the target images, if not that of the openrc. */
  readonly region: string | undefined;
  readonly help: boolean;
}

const portNames = Object.keys(ports) as PortName[];

function portOf(name: PortName, flag: string | undefined, fallback: number): number {
  const given = flag ?? process.env[ports[name].variable];
  if (given === undefined || given === '') return fallback;
  const port = Number(given);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new Error(
    `--${ports[name].flag} must be a port, or 0 for a free one; it is ${JSON.stringify(given)}`,
  );
}

/**
 * Reads the command line; a flag wins over its variable.
 * @param free take free ports where nothing is said, instead of the same ones each time
 * @throws Error that names a wrong option
 */
export function readOptions(args: readonly string[], { free }: { readonly free: boolean }): Options {
  const text = { type: 'string' } as const;
  const flags = Object.fromEntries(portNames.map((name) => [ports[name].flag, text]));
  const { values } = parseArgs({
    args: [...args],
    options: { ...flags, openrc: text, region: text, help: { type: 'boolean', short: 'h' } },
  });
  const given = values as Readonly<Record<string, string | undefined>>;
  const taken = portNames.map((name) => [
    name,
    portOf(name, given[ports[name].flag], free ? 0 : ports[name].start),
  ]);
  return {
    ports: Object.fromEntries(taken) as Ports,
    openrc: given['openrc'],
    region: given['region'],
    help: values.help === true,
  };
}

/** The ports as lines of a help text. */
export const portsHelp = ({ free }: { readonly free: boolean }): string =>
  portNames
    .map((name) => {
      const { flag, variable, start, what } = ports[name];
      return `  --${flag.padEnd(14)} ${variable.padEnd(14)} ${what}; ${free ? 'a free one' : `${start}, 0 for a free one`}`;
    })
    .join('\n');

/** For `catch`: says which flag changes the port that an error speaks of. */
export const withPortHint =
  (given: Ports) =>
  (error: unknown): never => {
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
    const name = portNames.find((one) => String(given[one]) === port);
    if (!name) throw error;
    const { flag, what } = ports[name];
    throw new Error(`Port ${port} for ${what} is not free. --${flag} gives it another one, 0 a free one`, {
      cause: error,
    });
  };
