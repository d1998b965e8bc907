import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../lib/config.ts';
import { Settings } from '../../../lib/schemas/settings.ts';
import { readBlueprint } from '../../cloud/aws/blueprint.ts';
import { environmentOf, functions, inShort, names, type Packaged } from './packaged.ts';

export const settingsCases = (packaged: () => Packaged) =>
  describe('settings', () => {
    // What AWS makes or sets by itself, and what Lambda has no use for.
    const given = new Set([
      'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
      'IMPORTS_TABLE',
      'RELAY_BUCKET',
      'TOKEN_SEALING_SECRET_ARN',
      'WORKER_CONCURRENCY',
    ]);
    // Secrets themselves: a worker's environment may hold them, a deployment's never does.
    const secrets = [
      'TOKEN_SEALING_SECRET',
      'OS_APPLICATION_CREDENTIAL_ID',
      'OS_APPLICATION_CREDENTIAL_SECRET',
      'OS_CLIENT_CONFIG_FILE',
    ];
    const settings = Object.keys(Settings.properties).filter(
      (name) => !given.has(name) && !secrets.includes(name) && !name.endsWith('_QUEUE_URL'),
    );

    test('each of the code is a parameter, and reaches a function', () => {
      const parameters = readBlueprint().params.default;
      const used = new Set(names.flatMap((name) => Object.keys(environmentOf(packaged(), name))));
      expect(settings.filter((name) => !(name in parameters))).toEqual([]);
      expect(settings.filter((name) => !used.has(name))).toEqual([]);
    });

    test.each(names)('%s has the same defaults deployed as in the code', (name) => {
      const required = { OS_AUTH_URL: 'https://keystone/v3', OS_REGION_NAME: 'REGION2' };
      const plain = Object.entries(environmentOf(packaged(), name)).filter(
        ([, value]) => typeof value === 'string',
      );
      const deployed = loadConfig({ ...(Object.fromEntries(plain) as Record<string, string>), ...required });
      expect(deployed).toEqual(loadConfig(required));
    });

    test('that end a step before its function leave it half of its time or more', () => {
      const steps = Object.entries(functions).filter(
        ([name, of]) => 'queue' in of || /^(sync|sweep)-/.test(name),
      );
      const half = Math.min(...steps.map(([, { timeoutS }]) => timeoutS)) / 2;
      const withReserve = (reserveS: number) => () =>
        loadConfig({
          OS_AUTH_URL: 'https://keystone/v3',
          OS_REGION_NAME: 'R',
          DEADLINE_RESERVE_S: `${reserveS}`,
        });
      expect(withReserve(half)).not.toThrow();
      expect(withReserve(half + 1)).toThrow('DEADLINE_RESERVE_S');
    });

    // "The total size of all environment variables doesn't exceed 4 KB." (Lambda quotas)
    test.each(names)('of %s leave 1.5 KB of the 4 KB for what an operator adds', (name) => {
      const resolved = 120; // characters of a queue's URL or a secret
      const sizes = Object.entries(environmentOf(packaged(), name)).map(
        ([variable, value]) => variable.length + (typeof value === 'string' ? value.length : resolved),
      );
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2560);
    });

    test('a deployment without Keystone or region stops at once', () => {
      expect(packaged().parameters).toMatchObject({
        OsAuthUrl: { Default: '', AllowedPattern: 'https?://.+' },
        OsRegionName: { Default: '', AllowedPattern: '.+' },
      });
    });

    test('the sealing secret is made by AWS, and those that seal or open are told where it lies', () => {
      expect(packaged().properties('SealingSecret')).toMatchObject({
        GenerateSecretString: { PasswordLength: 64 },
        KmsKeyId: { Ref: 'Key' },
      });
      const sealing = names.filter((name) => 'TOKEN_SEALING_SECRET_ARN' in environmentOf(packaged(), name));
      expect(sealing).toEqual([
        'import-image',
        'stream-image',
        'apply-metadata',
        'fail-import',
        'replicate-image',
      ]);
      for (const name of sealing)
        expect(inShort(environmentOf(packaged(), name)['TOKEN_SEALING_SECRET_ARN'])).toBe('SealingSecret');
    });

    test('no secret stands in the template, nor is it resolved into an environment', () => {
      for (const name of names)
        expect(Object.keys(environmentOf(packaged(), name)).filter((one) => secrets.includes(one))).toEqual(
          [],
        );
      expect(JSON.stringify(packaged().template)).not.toContain('{{resolve:');
    });
  });
