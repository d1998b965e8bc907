import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startSecretsManager } from '../../cloud/aws/secrets.ts';
import { type ScriptedServer, startScriptedServer } from '../scripted-server.ts';

const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:one';
const minutes = 60_000;
let manager: Awaited<ReturnType<typeof startSecretsManager>>;
let broken: ScriptedServer;

beforeAll(async () => {
  manager = await startSecretsManager(0);
  broken = await startScriptedServer();
});
afterAll(() => Promise.all([manager.stop(), broken.stop()]));

/** As a function that starts. */
const starting = async (endpoint: string) => {
  vi.resetModules();
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', endpoint);
  const { secretOf } = await import('../../../lib/aws/secrets.ts');
  return secretOf(arn, 'the secret');
};
beforeEach(() => {
  manager.secrets.set(arn, 'first');
  vi.useFakeTimers({ toFake: ['Date'] });
  return () => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  };
});

describe('a secret of Secrets Manager', () => {
  test('is seen as it was five minutes ago at most, or as it is when asked anew', async () => {
    const secret = await starting(manager.endpoint);
    expect(await secret()).toBe('first');
    manager.secrets.set(arn, 'second');
    expect(await secret()).toBe('first');
    vi.setSystemTime(Date.now() + 5 * minutes + 1);
    expect(await secret()).toBe('second');
    manager.secrets.set(arn, 'third');
    expect(await secret({ fresh: true })).toBe('third');
    expect(await secret()).toBe('third');
  });

  const refusal = (status: number, type: string) => ({
    status,
    json: { __type: type, message: `${arn}: no` },
  });

  test.each([
    [refusal(400, 'ResourceNotFoundException'), 'misconfigured'],
    [refusal(400, 'AccessDeniedException'), 'misconfigured'],
    [refusal(500, 'InternalServiceError'), 'unavailable'],
  ])('that cannot be had is told by its kind, without its name: %j', async (answer, code) => {
    broken.script(answer);
    const secret = await starting(broken.url);
    const error = await secret().catch((thrown: unknown) => thrown);
    const { __type: type } = answer.json;
    expect(error).toMatchObject({ code, message: `Failed to get the secret from Secrets Manager: ${type}` });
  });

  test('that was had once counts while Secrets Manager is away', async () => {
    // Functions of earlier tests may still ask the other one.
    const away = await startScriptedServer();
    const text = { status: 200, json: { ARN: arn, SecretString: 'known' } };
    away.script(text, text, refusal(500, 'InternalServiceError'));
    const secret = await starting(away.url);
    expect(await secret()).toBe('known');
    // Who wants it anew has no use for the old one.
    away.script(refusal(500, 'InternalServiceError'));
    await expect(secret({ fresh: true })).rejects.toMatchObject({ code: 'unavailable' });
    await away.stop();
  });
});
