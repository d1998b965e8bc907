import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import secrets from '../../../deployment/secrets.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const start = (param: readonly string[] = [], params = {}) =>
  secrets({ configurationInput: { params }, classes: { Error } }, { param });

describe('a secret given as a parameter', () => {
  test.each([
    'TOKEN_SEALING_SECRET',
    'OS_APPLICATION_CREDENTIAL_ID',
    'OS_APPLICATION_CREDENTIAL_SECRET',
    'OS_CLIENT_CONFIG_FILE',
    'CLOUDS_SECRET',
  ])('is refused, and not repeated: %s', (name) => {
    const refusal = new RegExp(`^${name} is no parameter: its value would stand in clear`);
    expect(() => start(['OS_REGION_NAME=R', `${name}=hunter2`])).toThrow(refusal);
    expect(() => start(['OS_REGION_NAME=R', `${name}=hunter2`])).not.toThrow('hunter2');
    expect(() => start([], { default: {}, prod: { [name]: 'hunter2' } })).toThrow(refusal);
  });

  test('is refused with the way to do it right, by the command itself', async () => {
    const command = ['node_modules/serverless/bin/serverless.js', 'print', '--param'];
    const run = promisify(execFile)(
      process.execPath,
      [...command, 'OS_APPLICATION_CREDENTIAL_SECRET=hunter2'],
      { cwd: root },
    );
    const { stdout, stderr } = await run.then(
      () => ({ stdout: 'it went well', stderr: '' }),
      (failure) => failure,
    );
    expect(`${stdout}${stderr}`).toContain('aws secretsmanager create-secret');
    expect(`${stdout}${stderr}`).not.toContain('hunter2');
  });
});

test('where a secret lies is a parameter', () => {
  expect(() =>
    start([
      'OS_APPLICATION_CREDENTIAL_SECRET_ARN=arn:aws:secretsmanager:r:1:secret:s',
      'CLOUDS_SECRET_ARN=arn:aws:secretsmanager:r:1:secret:c',
    ]),
  ).not.toThrow();
});
