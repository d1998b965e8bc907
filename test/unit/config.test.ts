import { describe, expect, test } from 'vitest';
import { loadConfig, sealingSecret } from '../../lib/config.ts';

const needed = { OS_AUTH_URL: 'http://keystone:5000/v3', OS_REGION_NAME: 'REGION2' };

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('an environment with nothing but Keystone and a region gets the documented values', () => {
  expect(loadConfig(needed)).toEqual({
    ...needed,
    OS_TARGET_REGIONS: [],
    OS_INTERFACE: 'public',
    OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES: [
      'hw_',
      'trait:',
      'os_distro',
      'os_secure_boot',
      'os_type',
    ],
    OS_INJECT_METADATA_PROPERTIES__INJECT: {},
    OS_INJECT_METADATA_PROPERTIES__IGNORE_USER_ROLES: ['admin'],
    OS_IMPORT_FILTERING_OPTS__ALLOWED_SCHEMES: ['http', 'https'],
    OS_IMPORT_FILTERING_OPTS__DISALLOWED_SCHEMES: [],
    OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: [],
    OS_IMPORT_FILTERING_OPTS__DISALLOWED_HOSTS: [],
    OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: [80, 443],
    OS_IMPORT_FILTERING_OPTS__DISALLOWED_PORTS: [],
    OS_DEFAULT__IMAGE_SIZE_CAP: 1_099_511_627_776,
    API_CONTRACT: 'ferry',
    ACTIVATION: 'upload',
    POLICIES_DIR: 'policies',
    PART_SIZE_MIB: 16,
    PARTS_IN_FLIGHT: 4,
    MAX_PARTS: 10_000,
    SEGMENT_SIZE_MIB: 4096,
    SEGMENTS_AT_ONCE: 4,
    PART_CHECKSUM: 'crc32',
    SOURCE_STALL_S: 60,
    MINIMUM_RATE_KIB_S: 64,
    UPLOAD_ANSWER_S: 3600,
    TOKEN_CACHE_S: 300,
    WORKER_CONCURRENCY: 1,
    STREAM_CONCURRENCY: 10,
    APPLY_CONCURRENCY: 5,
    PROJECT_SHARE_PERCENT: 50,
    SOURCE_RETRIES: 5,
    SOURCE_RETRY_DELAY_MS: 500,
    DEADLINE_RESERVE_S: 30,
    HEARTBEAT_S: 20,
    RETRY_DELAY_S: 10,
    TASK_TTL_H: 48,
    RELAY_KEEP_H: 0,
  });
});

test('an empty variable is as good as none, and foreign variables are left out', () => {
  const env = { ...needed, PART_SIZE_MIB: '', OS_CACERT: '', IMPORTS_TABLE: '', PATH: '/bin' };
  expect(loadConfig(env)).toEqual(loadConfig(needed));
});

test('what it returns cannot be changed', () => {
  const config = loadConfig(needed);
  expect(() => Object.assign(config, { API_CONTRACT: 'glance' })).toThrow(TypeError);
});

describe('a list', () => {
  const prefixes = (OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES: string) => {
    const config = loadConfig({ ...needed, OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES });
    return config.OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES;
  };

  test.each([
    ['hw_,trait:', ['hw_', 'trait:']],
    ['[hw_,trait:]', ['hw_', 'trait:']],
    [' [ hw_ , trait: ] ', ['hw_', 'trait:']],
    [`"hw_",'trait:'`, ['hw_', 'trait:']],
    [`["hw_", 'trait:']`, ['hw_', 'trait:']],
    ['hw_,,trait:,', ['hw_', 'trait:']],
    [`"odd'`, [`"odd'`]],
    ['[]', []],
    [' ', []],
  ])('%j reads as %j', (text, expected) => {
    expect(prefixes(text)).toEqual(expected);
  });

  test('of prefixes has the name that the specification gives it, too; the own name of Glance counts first', () => {
    const specified = { ...needed, OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES_PREFIXES: '[os_]' };
    expect(loadConfig(specified).OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES).toEqual(['os_']);
    const both = { ...specified, OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES: 'hw_' };
    expect(loadConfig(both).OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES).toEqual(['hw_']);
  });

  test('of ports holds numbers', () => {
    const config = loadConfig({ ...needed, OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: '[80,443, 9292]' });
    expect(config.OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS).toEqual([80, 443, 9292]);
  });
});

describe('import methods', () => {
  const enabled = (OS_DEFAULT__ENABLED_IMPORT_METHODS: string) =>
    loadConfig({ ...needed, OS_DEFAULT__ENABLED_IMPORT_METHODS }).OS_DEFAULT__ENABLED_IMPORT_METHODS;

  test.each([
    ['', undefined],
    ['[]', []],
    ['[web-download,glance-download]', ['web-download', 'glance-download']],
    ['glance-direct', ['glance-direct']],
  ])('%j are read as Glance reads them', (text, expected) => {
    expect(enabled(text)).toEqual(expected);
  });

  test('of a name that Glance does not know stop the function', () => {
    expect(messageOf(() => enabled('web_download'))).toContain('OS_DEFAULT__ENABLED_IMPORT_METHODS');
  });
});

describe('injected properties', () => {
  const inject = (OS_INJECT_METADATA_PROPERTIES__INJECT: string) =>
    loadConfig({ ...needed, OS_INJECT_METADATA_PROPERTIES__INJECT }).OS_INJECT_METADATA_PROPERTIES__INJECT;

  test.each([
    ['a:1,b:2', { a: '1', b: '2' }],
    [' a : 1 ', { a: '1' }],
    ['url:http://h:80', { url: 'http://h:80' }],
    ['empty:', { empty: '' }],
  ])('%j reads as %j', (text, expected) => {
    expect(inject(text)).toEqual(expected);
  });

  test.each(['alone', ':value'])('%j is refused, it has no key or no value', (text) => {
    expect(messageOf(() => inject(text))).toContain('OS_INJECT_METADATA_PROPERTIES__INJECT');
  });
});

describe('what is wrong', () => {
  test('is said at once and all together', () => {
    const env = {
      OS_AUTH_URL: 'keystone',
      OS_INTERFACE: 'private',
      PART_SIZE_MIB: '4',
      PARTS_IN_FLIGHT: 'many',
      OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: '80,https',
      OS_APPLICATION_CREDENTIAL_ID: 'half',
    };
    const message = messageOf(() => loadConfig(env, ['IMPORTS_TABLE', 'RELAY_BUCKET']));
    expect(message).toMatch(/^Configuration: /);
    expect(message.replace('Configuration: ', '').split('; ').sort()).toEqual([
      'IMPORTS_TABLE is not set',
      'OS_APPLICATION_CREDENTIAL_ID and OS_APPLICATION_CREDENTIAL_SECRET are only of use together',
      'OS_AUTH_URL must match pattern "^https?://"',
      'OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS (1) must be integer',
      'OS_INTERFACE must be equal to one of the allowed values: public, internal, admin',
      'OS_REGION_NAME is not set',
      'PARTS_IN_FLIGHT must be integer',
      'PART_SIZE_MIB must be >= 5',
      'RELAY_BUCKET is not set',
    ]);
  });

  test.each([
    ['OS_AUTH_URL', 'ftp://hunter2'],
    ['OS_INTERFACE', 'hunter2'],
    ['OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS', 'hunter2'],
    ['OS_DEFAULT__IMAGE_SIZE_CAP', 'hunter2'],
    ['TOKEN_SEALING_SECRET', 'hunter2'],
    ['STREAM_IMAGE_QUEUE_URL', 'hunter2'],
    ['API_CONTRACT', 'hunter2'],
    ['ACTIVATION', 'hunter2'],
    ['PART_SIZE_MIB', 'hunter2'],
    ['PART_CHECKSUM', 'hunter2'],
    ['MAX_PARTS', '10001'],
    ['TASK_TTL_H', '-1'],
    ['HEARTBEAT_S', '1.5'],
    ['RETRY_DELAY_S', '901'],
  ])('is named without its value: %s=%s', (name, value) => {
    const message = messageOf(() => loadConfig({ ...needed, [name]: value }));
    expect(message).toContain(name);
    expect(message).not.toContain(value);
  });

  const arn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:one';

  test.each([
    ['TOKEN_SEALING_SECRET', {}],
    ['OS_APPLICATION_CREDENTIAL_SECRET', { OS_APPLICATION_CREDENTIAL_ID: 'id' }],
  ])('is a secret that is given twice: %s, and where it lies', (name, more) => {
    const both = { ...more, [name]: 's'.repeat(32), [`${name}_ARN`]: arn };
    expect(messageOf(() => loadConfig({ ...needed, ...both }))).toBe(
      `Configuration: ${name} and ${name}_ARN are two ways to say the same`,
    );
  });

  test('are clouds that are given twice', () => {
    const both = { CLOUDS_SECRET_ARN: arn, OS_CLIENT_CONFIG_FILE: 'clouds.yaml' };
    expect(messageOf(() => loadConfig({ ...needed, ...both }))).toBe(
      'Configuration: OS_CLIENT_CONFIG_FILE and CLOUDS_SECRET_ARN are two ways to say the same',
    );
  });

  test('is a function that seals without a secret: it needs one of two settings', () => {
    expect(messageOf(() => loadConfig(needed, [], sealingSecret))).toBe(
      'Configuration: TOKEN_SEALING_SECRET or TOKEN_SEALING_SECRET_ARN is not set',
    );
    for (const one of [{ TOKEN_SEALING_SECRET: 's'.repeat(32) }, { TOKEN_SEALING_SECRET_ARN: arn }])
      expect(loadConfig({ ...needed, ...one }, [], sealingSecret)).toMatchObject(one);
  });

  test('is a place of a secret that is none', () => {
    const name = 'OS_APPLICATION_CREDENTIAL_SECRET_ARN';
    expect(messageOf(() => loadConfig({ ...needed, [name]: 'hunter2' }))).toContain(name);
  });

  test.each(['id', 'secret'])('is half a credential that has only its %s', (half) => {
    const name = `OS_APPLICATION_CREDENTIAL_${half.toUpperCase()}`;
    expect(messageOf(() => loadConfig({ ...needed, [name]: 'x' }))).toContain('only of use together');
  });
});
