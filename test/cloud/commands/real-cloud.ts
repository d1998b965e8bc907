import { type StartAwsOptions, startAws } from '../aws/aws.ts';
import { settingNames } from '../aws/blueprint.ts';
import type { SecretStore } from '../aws/secrets.ts';
import { readOpenrc } from './openrc.ts';
import type { Options } from './options.ts';

/** What the functions take from an openrc. Not its password: the functions work with their callers' tokens. */
const fromOpenrc = ['OS_AUTH_URL', 'OS_REGION_NAME', 'OS_INTERFACE', 'OS_CACERT'];
/** The relay's object store. SQS and DynamoDB on this machine take any credentials. */
const fromEnvironment = [
  'AWS_ENDPOINT_URL_S3',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'RELAY_BUCKET',
  'AWS_REGION',
];

const serviceUserArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:service-user';

function pick(names: readonly string[], variables: Readonly<Record<string, string | undefined>>) {
  const set = names
    .map((name) => [name, variables[name]])
    .filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(set) as Record<string, string>;
}

/** Where functions find the service user that an openrc, or this process's environment, names; nothing where neither does. */
function serviceUser(variables: Readonly<Record<string, string | undefined>>, secrets: SecretStore) {
  const { OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret } = variables;
  if (!id || !secret) return {};
  secrets.set(serviceUserArn, JSON.stringify({ id, secret }));
  return { OS_APPLICATION_CREDENTIAL_SECRET_ARN: serviceUserArn };
}

/**
 * The environment of functions that work with a real cloud: Keystone and the region from an openrc, S3 and any other
 * setting from this process's environment; SQS, DynamoDB and Secrets Manager are started here. An application credential,
 * of either, is the service user.
 * @throws Error that names what is missing
 */
export async function startForRealCloud(
  { openrc, region, ports }: Pick<Options, 'openrc' | 'region'> & Pick<StartAwsOptions, 'ports'>,
  dataDir: string,
) {
  if (openrc === undefined) throw new Error('an openrc is needed');
  const variables = await readOpenrc(openrc);
  const keystone = pick(fromOpenrc, variables);
  const settings = pick(settingNames(), process.env);
  const objectStore = pick(fromEnvironment, process.env);
  const missing = fromEnvironment.slice(0, 4).filter((name) => objectStore[name] === undefined);
  if (missing.length > 0)
    throw new Error(`With --openrc the relay's object store comes from ${missing.join(', ')}`);
  const aws = await startAws({
    dataDir,
    // startAws starts its S3, too; nothing is told of it.
    ports: { ...ports, s3: 0 },
    ...(objectStore['AWS_REGION'] && { region: objectStore['AWS_REGION'] }),
  });
  const named = region === undefined ? {} : { OS_REGION_NAME: region };
  return {
    env: {
      ...settings,
      ...aws.env,
      ...keystone,
      ...objectStore,
      ...serviceUser({ ...process.env, ...variables }, aws.secrets),
      ...named,
    },
    secrets: aws.secrets,
    queues: aws.queues,
    stop: aws.stop,
  };
}
