// Requests of every kind to the HTTP functions: `node test/faults/generated-requests.ts [--count 2000] [--seed 1]`. Promised are
// answers of 2xx and 4xx, in at most 50 ms of a processor, that are short and hold no token; a request that is refused
// changes nothing at either Glance, in the table or in a queue. Ends with 0 only if all of it was kept.
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { userNamed } from '../cloud/openstack/keystone/fixture.ts';
import { type Answer, callHttp } from '../integration/ferry.ts';
import { type OddRequest, oddRequest, type Surroundings } from './odd-requests.ts';
import { createRandom } from './random.ts';
import { type RequestBench, startRequestBench } from './request-bench.ts';

export interface GeneratedRequests {
  readonly count: number;
  readonly seed: number;
}

/** What became of the requests. */
export interface Answered {
  readonly requests: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** ms of a processor that the most expensive request has taken, Keystone's and both Glances' share included. */
  readonly worstMs: number;
  /** Promises that were broken, each with the number of the request that shows it. */
  readonly broken: readonly string[];
}

const mostMs = 50;
const longestAnswer = 16 * 1024; // characters
/** So often everything that a refused request must leave alone is looked at. */
const batch = 500;
/** The machine may have collected garbage, or done something else, meanwhile: the least of some tries is ours. */
const tries = 5;

const formats = { disk_format: 'raw', container_format: 'bare' };

const surround = async ({ openstack }: RequestBench): Promise<Surroundings> => {
  const { REGION1, REGION2 } = openstack.regions;
  const { tokens } = openstack.keystone;
  const expired = openstack.issueToken('demo', -1);
  const unscoped = tokens.issue({ user: userNamed('demo'), methods: ['password'] }).id;
  const source = await REGION1.createImage(formats, 'data');
  const images = [
    await REGION2.createImage({ name: 'one', ...formats }),
    await REGION2.createImage({ name: 'two', ...formats }),
    await REGION2.createImage({ name: 'without formats' }),
    await REGION2.createImage({ name: 'active', ...formats }, 'data'),
    await REGION2.createImage({ name: "another's", owner: 'other' }),
    await REGION2.createImage({ name: 'community', owner: 'other', visibility: 'community' }),
  ];
  return {
    tokens: { good: openstack.issueToken('demo'), bad: [expired, unscoped, 'gAAAAAB-unknown'] },
    targets: [...images.map(({ id }) => id), '11111111-1111-1111-1111-111111111111'],
    sources: [source.id, images[0]?.id ?? '', '11111111-1111-1111-1111-111111111111'],
    uri: `${REGION1.url}/`,
  };
};

/** What a refused request must leave alone. */
const stateOf = async ({ openstack, traces }: RequestBench, { targets, sources }: Surroundings) => {
  const { REGION1, REGION2 } = openstack.regions;
  const writes = [REGION1, REGION2].flatMap((region) =>
    region.requests().filter(({ method, status }) => method !== 'GET' && Number(status) < 400),
  );
  for (const region of [REGION1, REGION2]) region.clearRequests();
  const present = (region: typeof REGION1, ids: readonly string[]) =>
    ids.map((id) => {
      try {
        return region.image(id);
      } catch {
        return id;
      }
    });
  return {
    writes,
    images: [...present(REGION1, sources), ...present(REGION2, targets)],
    items: await traces.items(),
    messages: await traces.messages(),
    relay: await traces.relay(),
  };
};

const brokenBy = (
  { status, body, headers }: Answer,
  { name, request }: OddRequest,
  good: string,
): string[] => {
  const isRoot = name === 'discovery' && (request.path === '/' || request.path === '') && status === 300;
  const isPromised = (status >= 200 && status < 300) || (status >= 400 && status < 500) || isRoot;
  return [
    ...(isPromised ? [] : [`the status is ${status}: ${body.slice(0, 200)}`]),
    ...(body.length > longestAnswer ? [`the answer has ${body.length} characters`] : []),
    ...(JSON.stringify([body, headers]).includes(good) ? ['the answer holds the token'] : []),
    ...('x-openstack-request-id' in headers ? [] : ['the answer has no request id']),
  ];
};

/** Whether something may be changed, by right; around all others together everything is to be as it was. */
const mayChange = ({ name, request }: OddRequest, { tokens, targets }: Surroundings): boolean =>
  (name === 'import-image' || name === 'cancel-import') &&
  request.token === tokens.good &&
  targets.some((id) => request.imageId?.toLowerCase().includes(id));

/** Of this thread: what is compiled, or collected, beside it, and the emulated AWS, are not the functions' work. */
const processorMs = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1000;
};

/** Sends requests one by one to the functions in this process. @param told gets a line now and then */
export const generatedRequests = async (
  { count, seed }: GeneratedRequests,
  told: (line: string) => void = () => undefined,
): Promise<Answered> => {
  const bench = await startRequestBench();
  const surroundings = await surround(bench);
  const { good } = surroundings.tokens;
  const random = createRandom(seed);
  const byStatus: Record<string, number> = {};
  const broken: string[] = [];
  let worstMs = 0;

  const send = async (odd: OddRequest): Promise<{ answer: Answer; ms: number }> => {
    const since = process.threadCpuUsage();
    const answer = await callHttp(odd.name, odd.request);
    return { answer, ms: processorMs(since) };
  };
  const leastMs = async (odd: OddRequest, first: number): Promise<number> => {
    let least = first;
    for (let again = 1; again < tries && least > mostMs; again += 1)
      least = Math.min(least, (await send(odd)).ms);
    return least;
  };

  let before = await stateOf(bench, surroundings);
  /** @param upTo the request before which all since the last look were refused */
  const requireUnchanged = async (upTo: number): Promise<void> => {
    const after = await stateOf(bench, surroundings);
    if (!isDeepStrictEqual(after, before))
      broken.push(`something was changed by a refused request before ${upTo}`);
    before = after;
  };

  const one = async (number: number): Promise<void> => {
    const odd = oddRequest(random, surroundings);
    const isCandidate = mayChange(odd, surroundings);
    if (isCandidate) await requireUnchanged(number);
    const { answer, ms } = await send(odd);
    const least = await leastMs(odd, ms);
    if (isCandidate && answer.status < 300) before = await stateOf(bench, surroundings);
    worstMs = Math.max(worstMs, least);
    byStatus[answer.status] = (byStatus[answer.status] ?? 0) + 1;
    const slow = least > mostMs ? [`it took ${least.toFixed(0)} ms`] : [];
    const found = [...brokenBy(answer, odd, good), ...slow];
    broken.push(...found.map((what) => `request ${number} to ${odd.name}: ${what}`));
  };

  try {
    await callHttp('import-image', { method: 'POST', token: good, body: '{}' }); // loads what is loaded once
    for (let number = 1; number <= count; number += 1) {
      await one(number);
      if (number % batch !== 0 && number !== count) continue;
      await requireUnchanged(number + 1);
      told(`${number} requests, at worst ${worstMs.toFixed(0)} ms, ${broken.length} promises broken`);
    }
  } finally {
    await bench.stop();
  }
  return { requests: count, byStatus, worstMs, broken };
};

if (import.meta.main) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { count: text, seed: text } });
  const asked = { count: Number(values.count ?? 100_000), seed: Number(values.seed ?? 1) };
  const { requests, byStatus, worstMs, broken } = await generatedRequests(asked, console.log);
  for (const what of broken.slice(0, 50)) console.log(`BROKEN ${what}`);
  console.log(
    `${requests} requests of seed ${asked.seed}: ${JSON.stringify(byStatus)}, at worst ${worstMs.toFixed(1)} ms`,
  );
  process.exitCode = broken.length > 0 ? 1 : 0;
}
