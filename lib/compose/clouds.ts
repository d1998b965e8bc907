import { readFile } from 'node:fs/promises';
import { secretOf } from '../aws/secrets.ts';
import type { Cloud, CloudEntries } from '../clouds/cloud.ts';
import { createClouds } from '../clouds/create-clouds.ts';
import { readClouds } from '../clouds/entries/read-clouds.ts';
import { createKeystones, type TokenCheck } from '../clouds/keystones.ts';
import type { Config } from '../config.ts';
import type { OpenStackHttp } from '../openstack/http.ts';
import { createKeystone } from '../openstack/keystone.ts';
import { cacheValidations } from '../openstack/token-cache.ts';
import { composeServiceUser } from './secrets.ts';

// From settings to the clouds that a deployment has rights in: its own, and those of a clouds.yaml.

type Entries = () => Promise<CloudEntries>;

const none: CloudEntries = { clouds: [], broken: [] };

/** Secrets are fetched when somebody first needs them: most imports go with their callers' tokens. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

/** The text of the clouds.yaml, and what it is called in messages. */
const textOf = ({ CLOUDS_SECRET_ARN: arn, OS_CLIENT_CONFIG_FILE: path }: Config) => {
  if (arn) {
    const secret = once(() => secretOf(arn, 'clouds.yaml'));
    return { name: 'the clouds.yaml of CLOUDS_SECRET_ARN', read: () => secret()() };
  }
  return path ? { name: path, read: () => readFile(path, 'utf8') } : undefined;
};

/** Read again when it has changed. */
const composeFile = (config: Config): Entries => {
  const file = textOf(config);
  if (!file) return () => Promise.resolve(none);
  let last: { readonly text: string; readonly entries: Promise<CloudEntries> } | undefined;
  return async () => {
    const text = await file.read();
    if (last?.text !== text) last = { text, entries: readClouds({ clouds: { name: file.name, text } }) };
    return await last.entries;
  };
};

/** The deployment's own application credential, as the entry named ''. It serves all regions of its catalog. */
const composeOwn = (config: Config): (() => Promise<readonly Cloud[]>) => {
  const { OS_AUTH_URL: authUrl, OS_INTERFACE } = config;
  const credential = once(() => composeServiceUser(config));
  return async () => {
    const own = await credential()?.();
    if (!own) return [];
    const auth = { kind: 'application-credential', credential: own } as const;
    return [{ name: '', authUrl, interface: OS_INTERFACE, auth }];
  };
};

/** Keystones of other clouds, one for each URL. */
export const composeKeystoneAt = (config: Config, { http }: { readonly http: OpenStackHttp }) => {
  const known = new Map<string, TokenCheck>();
  return (authUrl: string): TokenCheck => {
    const keystone =
      known.get(authUrl) ??
      cacheValidations(createKeystone({ authUrl, http }), { ttlMs: config.TOKEN_CACHE_S * 1000 });
    known.set(authUrl, keystone);
    return keystone;
  };
};

/** Where the Keystones of other clouds are, for callers with tokens of theirs. */
export const composeKeystones = (config: Config, openstack: { readonly http: OpenStackHttp }) =>
  createKeystones({
    entries: composeFile(config),
    keystoneAt: composeKeystoneAt(config, openstack),
  });

/** @throws FerryError from each of them: `misconfigured`, or while Secrets Manager is away `unavailable` */
export const composeCloudEntries = (config: Config): Entries => {
  const [file, own] = [composeFile(config), composeOwn(config)];
  return async () => {
    const [{ clouds, broken }, ours] = await Promise.all([file(), own()]);
    return { clouds: [...ours, ...clouds], broken };
  };
};

export const composeClouds = (config: Config, { http }: { readonly http: OpenStackHttp }) =>
  createClouds({ http, entries: composeCloudEntries(config) });
