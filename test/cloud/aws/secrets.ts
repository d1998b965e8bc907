import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Blueprint, resourcesOf } from './blueprint.ts';
import { listen } from './listen.ts';

/** Secrets by their ARN, as a person changes them by `aws secretsmanager put-secret-value`. */
export interface SecretStore {
  set(arn: string, value: string): unknown;
  get(arn: string): string | undefined;
}

interface Answer {
  readonly status: number;
  readonly json: object;
}

const refusal = (type: string, message: string): Answer => ({
  status: 400,
  json: { __type: type, message },
});

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html */
const getSecretValue = (secrets: SecretStore, { SecretId }: { readonly SecretId?: string }): Answer => {
  const value = secrets.get(SecretId ?? '');
  if (value === undefined)
    return refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  return { status: 200, json: { ARN: SecretId, SecretString: value, VersionStages: ['AWSCURRENT'] } };
};

async function answerTo(incoming: IncomingMessage, secrets: SecretStore): Promise<Answer> {
  const operation = incoming.headers['x-amz-target'];
  if (operation !== 'secretsmanager.GetSecretValue')
    return refusal('InvalidAction', `${operation} is not emulated`);
  return getSecretValue(secrets, JSON.parse(await text(incoming)));
}

/** Secrets Manager on 127.0.0.1, as far as a function needs it: GetSecretValue. */
export async function startSecretsManager(port: number) {
  const secrets: SecretStore = new Map<string, string>();
  const server = createServer(async (incoming, outgoing) => {
    const { status, json } = await answerTo(incoming, secrets);
    outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    outgoing.end(JSON.stringify(json));
  });
  const endpoint = await listen(server, port, 'Secrets Manager');
  return {
    endpoint,
    secrets,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Of the length in GenerateSecretString. */
const generated = (properties: Readonly<Record<string, unknown>>): string => {
  const { PasswordLength = 32 } = (properties['GenerateSecretString'] ?? {}) as { PasswordLength?: number };
  return randomBytes(PasswordLength).toString('hex').slice(0, PasswordLength);
};

/** Creates the secrets of the blueprint. @returns their ARNs by logical id */
export function createSecrets(
  secrets: SecretStore,
  blueprint: Blueprint,
  region: string,
): Record<string, string> {
  const created = resourcesOf(blueprint, 'AWS::SecretsManager::Secret').map(([name, properties]) => {
    const arn = `arn:aws:secretsmanager:${region}:000000000000:secret:${name}`;
    secrets.set(arn, generated(properties));
    return [name, arn] as const;
  });
  return Object.fromEntries(created);
}
