/** The version documents: `/` answers 300 with all of them, `/v3` answers 200 with its own. */
export function versions(
  path: string,
  url: string,
): { status: number; json: object; headers?: Record<string, string> } | undefined {
  const v3 = {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${url}/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
  if (path === '/')
    return { status: 300, json: { versions: { values: [v3] } }, headers: { Location: `${url}/v3/` } };
  if (path === '/v3' || path === '/v3/') return { status: 200, json: { version: v3 } };
  return undefined;
}
