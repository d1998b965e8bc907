import type { RequestOptions } from '../integration/lambda.ts';
import { deepened, oddText, oddUri, oddValue } from './odd-values.ts';
import type { Random } from './random.ts';

export const httpFunctions = ['import-image', 'list-tasks', 'cancel-import', 'discovery'] as const;
export type HttpFunction = (typeof httpFunctions)[number];

/** What a request may name that is really there. */
export interface Surroundings {
  readonly tokens: { readonly good: string; readonly bad: readonly string[] };
  /** Ids of images in every state and of every owner. */
  readonly targets: readonly string[];
  readonly sources: readonly string[];
  /** Where a web-download would find something. */
  readonly uri: string;
}

export interface OddRequest {
  readonly name: HttpFunction;
  readonly request: RequestOptions;
}

type Fields = Readonly<Record<string, unknown>>;

/** Mostly what is asked for, sometimes something odd. */
const mostly = <T>(random: Random, probability: number, usual: () => T, odd: () => T): T =>
  random.chance(probability) ? usual() : odd();

/** With one field another one, one too many or one too few. */
const mutated = (random: Random, fields: Fields): Fields => {
  const names = [
    ...Object.keys(fields),
    random.pick(['stores', 'all_stores', 'all_stores_must_succeed', 'x']),
  ];
  const name = random.pick(names);
  const { [name]: _, ...others } = fields;
  return random.chance(0.2) ? others : { ...fields, [name]: oddValue(random) };
};

const methodOf = (random: Random, { sources, uri }: Surroundings): Fields =>
  random.chance(0.6)
    ? {
        name: 'glance-download',
        glance_region: mostly(
          random,
          0.8,
          () => 'REGION1',
          () => oddText(random),
        ),
        glance_image_id: mostly(
          random,
          0.7,
          () => random.pick(sources),
          () => oddText(random),
        ),
        ...(random.chance(0.3) && { glance_service_interface: random.pick(['public', 'admin', 'nosuch']) }),
      }
    : {
        name: 'web-download',
        uri: mostly(
          random,
          0.2,
          () => uri,
          () => oddUri(random),
        ),
      };

/** Right JSON but for what is odd in it; or text that is no JSON. */
const bodyOf = (random: Random, surroundings: Surroundings): string | undefined => {
  const method = methodOf(random, surroundings);
  const oddMethod = mostly<unknown>(
    random,
    0.7,
    () => mutated(random, method),
    () => oddValue(random),
  );
  const body = mostly<Fields>(
    random,
    0.2,
    () => ({ method }),
    () => ({ method: oddMethod }),
  );
  const json = JSON.stringify(
    mostly<unknown>(
      random,
      0.8,
      () => body,
      () => mutated(random, body),
    ),
  );
  const text = deepened(json);
  return random.pick<() => string | undefined>([
    ...Array.from({ length: 8 }, () => () => text),
    () => text.slice(0, random.integer(text.length)),
    () => `${text}${oddText(random)}`,
    () => oddText(random),
    () => JSON.stringify(oddValue(random)),
    () => '['.repeat(random.pick([10, 20_000, 60_000])),
    () => `\ufeff${text}`,
    () => text.padEnd(random.pick([64 * 1024, 64 * 1024 + 1, 200_000])),
    () => undefined,
  ])();
};

const tokenOf = (random: Random, { tokens }: Surroundings): string | undefined =>
  random.pick<() => string | undefined>([
    ...Array.from({ length: 16 }, () => () => tokens.good),
    () => random.pick(tokens.bad),
    () => `${tokens.good}x`,
    () => oddText(random),
    () => undefined,
  ])();

const headersOf = (random: Random): Record<string, string> => ({
  ...(random.chance(0.3) && {
    accept: random.pick(['application/json', 'text/html', 'text/plain', oddText(random)]),
  }),
  ...(random.chance(0.2) && { 'user-agent': random.pick(['python-glanceclient', oddText(random)]) }),
  ...(random.chance(0.1) && { 'x-image-meta-store': oddText(random) }),
  ...(random.chance(0.3) && { host: random.pick(['ferry.example', 'ferry:80', oddText(random)]) }),
  ...(random.chance(0.2) && {
    'x-forwarded-proto': random.pick(['https', 'http', 'gopher', oddText(random)]),
  }),
  ...(random.chance(0.05) && {
    [random.pick(['__proto__', 'constructor', 'range', 'expect'])]: oddText(random),
  }),
});

const imageIdOf = (random: Random, { targets }: Surroundings): string => {
  const id = random.pick(targets);
  return random.pick<() => string>([
    ...Array.from({ length: 6 }, () => () => id),
    () => `{urn:uuid:${id.toUpperCase()}}`,
    () => `${id}${oddText(random)}`,
    () => oddText(random),
    () => oddText(random).repeat(20),
  ])();
};

const usualMethod = {
  'import-image': 'POST',
  'list-tasks': 'GET',
  'cancel-import': 'DELETE',
  discovery: 'GET',
} as const;
const oddMethods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'post', ''];

/** A request of somebody who is careless, curious or hostile. The same one for the same seed. */
export const oddRequest = (random: Random, surroundings: Surroundings): OddRequest => {
  const name = random.pick([...Array.from({ length: 5 }, () => 'import-image' as const), ...httpFunctions]);
  const oddMethod = () => random.pick([...oddMethods, oddText(random)]);
  const method = mostly<string>(random, 0.93, () => usualMethod[name], oddMethod);
  const path = random.pick(['/v2/info/import', '/', '/versions', '/regions', oddText(random)]);
  const body = bodyOf(random, surroundings);
  const token = tokenOf(random, surroundings);
  const request = {
    method,
    ...(name === 'discovery' && { path }),
    ...(random.chance(0.2) && { region: random.pick(['REGION2', 'REGION3', oddText(random)]) }),
    imageId: imageIdOf(random, surroundings),
    headers: headersOf(random),
    ...(token !== undefined && { token }),
    ...(body !== undefined && { body }),
    base64: random.chance(0.1),
  };
  return { name, request };
};
