/*
 * Two real clouds whose Keystones know nothing of each other. Environment: as for openstack-import.test.ts, and of the other
 * cloud, in which the account OS_* has the same names and password, OTHER_AUTH_URL, its Keystone, and OTHER_CLOUD_REGION, its
 * region; left out where they are not set.
 */

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSqsClient } from '../../lib/aws/queue.ts';
import type { Authentication, Cloud, Clouds } from '../../lib/clouds/cloud.ts';
import { createSession } from '../../lib/clouds/session.ts';
import { composeClouds } from '../../lib/compose/clouds.ts';
import { composeOpenStack } from '../../lib/compose/openstack.ts';
import { composeSealer } from '../../lib/compose/secrets.ts';
import { composeSend, composeState } from '../../lib/compose/state.ts';
import { loadConfig } from '../../lib/config.ts';
import { createRequestReplica } from '../../lib/imports/request/request-replica.ts';
import { exactly } from '../../lib/openstack/glance/images.ts';
import { createOpenStackHttp } from '../../lib/openstack/http.ts';
import type { ImageId, Token } from '../../lib/schemas/ids.ts';
import { tellNobody } from '../../lib/state/announce.ts';
import { importRef } from '../../lib/state/refs.ts';
import { hasEnded } from '../../lib/state/task.ts';
import { ferryClient, type Task } from '../cloud/commands/ferry.ts';
import type { Image } from '../cloud/commands/glance.ts';
import { account, newApplicationCredential, setting, tokenOf } from './account.ts';
import { type RealImports, randomFile, startRealImports } from './real-imports.ts';

const { OTHER_AUTH_URL = '', OTHER_CLOUD_REGION = '' } = process.env;
const CLOUDS_SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:clouds';
const signal = AbortSignal.timeout(300_000);
type Credential = Awaited<ReturnType<typeof newApplicationCredential>>;

describe.runIf(OTHER_AUTH_URL && OTHER_CLOUD_REGION)('two clouds', () => {
  let real: RealImports;
  let home: Credential;
  let away: Credential;
  let clouds: Clouds;
  let source: Image;

  const entry = (authUrl: string, { id, secret }: Credential, region: string): object => {
    const auth = { application_credential_id: id, application_credential_secret: secret };
    return { auth: { ...auth, auth_url: authUrl }, region_name: region };
  };

  beforeAll(async () => {
    [home, away] = [
      await newApplicationCredential(account('OS_')),
      await newApplicationCredential(account('OS_'), OTHER_AUTH_URL),
    ];
    real = await startRealImports({ CLOUDS_SECRET_ARN, HEARTBEAT_S: '2' });
    const text = JSON.stringify({
      clouds: {
        home: entry(setting('OS_AUTH_URL'), home, setting('SOURCE_REGION')),
        away: entry(OTHER_AUTH_URL, away, OTHER_CLOUD_REGION),
      },
    });
    real.secrets.set(CLOUDS_SECRET_ARN, text);
    Object.assign(process.env, real.env);
    const config = loadConfig(process.env, ['IMPORTS_TABLE']);
    clouds = composeClouds(config, composeOpenStack(config));
    const file = await randomFile(join(real.dataDir, 'one.raw'), 16);
    source = await real.newSource({ disk_format: 'raw', hw_disk_bus: 'scsi' }, file);
  });
  afterAll(async () => {
    await real.stop();
    await Promise.all([home.remove(), away.remove()]);
  });

  const sessionBy = (auth: Authentication) => {
    const cloud: Cloud = { name: 'away', authUrl: OTHER_AUTH_URL, interface: 'public', auth };
    return createSession(cloud, { http: createOpenStackHttp({ stallMs: 10_000 }) });
  };

  const { userName, password, projectName } = account('OS_');
  const domain = { id: 'default' };
  const user = { name: userName, domain };
  const project = { name: projectName, domain };
  test.each<[string, () => Promise<Authentication>]>([
    ['a password', async () => ({ kind: 'password', password: { user, password, project } })],
    [
      'an application credential',
      async () => ({ kind: 'application-credential', credential: { id: away.id, secret: away.secret } }),
    ],
    [
      'an application credential by its name',
      async () => ({
        ...{ kind: 'application-credential' },
        credential: { name: away.name, secret: away.secret, user },
      }),
    ],
    [
      'a token',
      async () => ({
        ...{ kind: 'token', scope: {} },
        token: (await tokenOf(account('OS_'), OTHER_AUTH_URL)) as Token,
      }),
    ],
    [
      'a token and a project',
      async () => ({
        ...{ kind: 'token', scope: project },
        token: (await tokenOf(account('OS_'), OTHER_AUTH_URL)) as Token,
      }),
    ],
  ])('are signed in to by %s', async (_, auth) => {
    const { catalog, projectId } = await sessionBy(await auth()).identity({ signal });
    expect(projectId).not.toBe('');
    expect(JSON.stringify(catalog)).toContain(OTHER_CLOUD_REGION);
  });

  test.each<[string, Authentication, string]>([
    [
      'a wrong password',
      { kind: 'password', password: { user, password: 'very-wrong', project } },
      'its user name or password is refused',
    ],
    [
      'an application credential that is not there',
      { kind: 'application-credential', credential: { id: 'none', secret: 'very-wrong' } },
      'its application credential is refused',
    ],
    ['a token of nobody', { kind: 'token', token: 'very-wrong' as Token, scope: {} }, 'its token is refused'],
  ])('refuse %s, and its secret is not repeated', async (_, auth, reason) => {
    const message = `Failed to authenticate with cloud away at ${OTHER_AUTH_URL}/auth/tokens: ${reason}`;
    await expect(sessionBy(auth).token({ signal })).rejects.toMatchObject({ code: 'unauthorized', message });
  });

  test('have images that are made, found, shared, retired and removed', async () => {
    const { images } = await clouds.region(OTHER_CLOUD_REGION, { signal });
    const name = `glance-ferry test: ${Date.now()}`;
    const record = { name, visibility: 'shared', disk_format: 'raw', container_format: 'bare', tags: ['a'] };
    const id = (await images.create(record, { signal })).id as ImageId;
    const found: string[] = [];
    for await (const page of images.list({ name: exactly(name), tag: 'a', limit: '1' }, { signal }))
      found.push(...page.map((image) => image.id));
    expect(found).toEqual([id]);
    for (const _ of 'ab') await images.addMember(id, 'another-project', { signal });
    expect(await images.members(id, { signal })).toEqual(['another-project']);
    for (const _ of 'ab') await images.removeMember(id, 'another-project', { signal });
    await expect(images.deactivate(id, { signal })).rejects.toMatchObject({ code: 'forbidden' });
    await images.remove(id, { signal });
    await expect(images.create({ ...record, id }, { signal })).rejects.toMatchObject({ code: 'conflict' });
  });

  test('an image goes into the other one with the deployment’s own rights', async () => {
    const config = loadConfig(process.env, ['IMPORTS_TABLE']);
    const state = composeState(config);
    const request = createRequestReplica({
      ...{ ...state, announce: tellNobody, sealer: composeSealer(config) },
      send: composeSend(config, createSqsClient()),
    });
    const from = await clouds.region(setting('SOURCE_REGION'), { signal });
    const to = await clouds.region(OTHER_CLOUD_REGION, { signal });
    const imageId = (await to.images.create({ name: 'glance-ferry test' }, { signal })).id as ImageId;
    const queued = await request({ from, sourceId: source.id as ImageId, to, imageId }, { signal });
    for (;;) {
      const task = await state.tasks.get(importRef(queued));
      if (task && hasEnded(task)) break;
      await delay(500, undefined, { signal });
    }
    expect(await state.tasks.get(importRef(queued))).toMatchObject({ status: 'success' });
    const { size, os_hash_value } = source;
    const arrived = await to.images.image(imageId, { signal });
    expect(arrived).toMatchObject({ status: 'active', size, os_hash_value });
    expect(arrived).not.toHaveProperty('hw_disk_bus'); // its policy says what it has of its source's
    expect(await real.left()).toBe(0);
    await to.images.remove(imageId, { signal });
  });

  test('an image comes from the other one with its user’s two tokens', async () => {
    const to = await clouds.region(OTHER_CLOUD_REGION, { signal });
    const formats = { disk_format: 'raw', container_format: 'bare' };
    const id = (await to.images.create({ name: 'glance-ferry test', ...formats }, { signal })).id as ImageId;
    const body = async function* () {
      yield Buffer.from('an image of the other cloud');
    };
    await to.glance.upload(id, { size: 27, body }, { signal });
    const target = await real.newTarget();
    const method = { name: 'glance-download', glance_region: OTHER_CLOUD_REGION, glance_image_id: id };
    const sourceToken = await tokenOf(account('OS_'), OTHER_AUTH_URL);
    const answer = await fetch(`${real.functions.url}/v2/images/${target.id}/import`, {
      method: 'POST',
      headers: { 'x-auth-token': real.token, 'x-source-auth-token': sourceToken },
      body: JSON.stringify({ method }),
    });
    expect(answer.status).toBe(201);
    let last: Task = { id: '', status: 'pending', message: '' };
    for await (last of ferryClient(real.functions.url, real.token).progress(target.id, 500));
    expect(last).toMatchObject({ status: 'success' });
    expect(await real.target.show(target.id)).toMatchObject({ status: 'active', size: 27 });
    await to.images.remove(id, { signal });
  });
});
