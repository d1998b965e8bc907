import { regionUrl } from '../../lib/api/address.ts';
import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { titleOf } from '../../lib/clouds/trust-cloud.ts';
import { FerryError } from '../../lib/errors.ts';
import { wholeAnswer } from '../../lib/openstack/calls/whole-answer.ts';
import { guarded } from '../../lib/openstack/http.ts';
import { keystoneRoot } from '../../lib/openstack/keystone.ts';
import type { Here } from '../call/here.ts';
import { commandHeaders } from './ferry-client.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Keystone's root, as a deployment tells it to who shows no token (keystonemiddleware's form of RFC 9110 11.6.1). */
const toldBy = async (
  url: string,
  region: string,
  { small }: Here['http'],
  { signal }: Options,
): Promise<string | undefined> => {
  const asked = `${regionUrl(url, region)}/v2/info/import`;
  const operation = `ask ${url} whose tokens it takes`;
  const call = { method: 'GET', url: asked, headers: commandHeaders } as const;
  const { headers } = await guarded({ operation, signal }, () =>
    wholeAnswer(small, { ...call, operation, signal }),
  );
  const [, uri] = /^Keystone uri="([^"]+)"$/.exec(`${headers['www-authenticate']}`) ?? [];
  return uri === undefined ? undefined : keystoneRoot(uri);
};

/** One Keystone may have several addresses: its catalog has them. */
const addressesOf = ({
  session,
  identity: { catalog },
}: Pick<CloudRegion, 'session' | 'identity'>): readonly string[] => {
  const listed = catalog.filter(({ type }) => type === 'identity').flatMap(({ endpoints }) => endpoints);
  return [session.cloud.authUrl, ...listed.map(({ url }) => url)].map(keystoneRoot);
};

/**
 * A deployment has Keystone look at a token before anything else: one of several clouds is not shown to another one's
 * Keystone, where that is one of those that who calls has.
 * @param url of the deployment
 * @throws FerryError `unauthorized` where the deployment takes another cloud's tokens for this region
 */
export const requireOurTokens = async (
  url: string,
  to: Pick<CloudRegion, 'region' | 'session' | 'identity'>,
  { keystones, http }: Pick<Here, 'keystones' | 'http'>,
  options: Options,
): Promise<void> => {
  const ours = addressesOf(to);
  const others = keystones.filter((keystone) => !ours.includes(keystone));
  if (others.length === 0) return;
  const told = await toldBy(url, to.region, http, options);
  if (told === undefined || !others.includes(told)) return;
  throw new FerryError(
    'unauthorized',
    `${url} takes no tokens of ${titleOf(to.session.cloud)} for region ${to.region}, but those of ${told}: --url URL names the ` +
      'deployment that does, or image_import_endpoint_override of the entry in clouds.yaml',
  );
};
