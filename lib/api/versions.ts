import { type Address, urlOf } from './address.ts';

/** One entry of Glance's version document. */
interface Version {
  readonly id: string;
  readonly status: 'CURRENT' | 'SUPPORTED';
  readonly links: readonly { readonly rel: 'self'; readonly href: string }[];
}

/** 2.12 is the first with GET /v2/images/{id}/tasks; clients ask for it by name before they use it. */
const current = 'v2.12';
const older = [
  'v2.11',
  'v2.10',
  'v2.9',
  'v2.8',
  'v2.7',
  'v2.6',
  'v2.5',
  'v2.4',
  'v2.3',
  'v2.2',
  'v2.1',
  'v2.0',
];

/** Glance's version document (glance/api/versions.py), which clients read before anything else. */
export const versionDocument = (address: Address): { readonly versions: readonly Version[] } => {
  const links = [{ rel: 'self', href: `${urlOf(address)}/v2/` }] as const;
  const supported = older.map((id) => ({ id, status: 'SUPPORTED', links }) as const);
  return { versions: [{ id: current, status: 'CURRENT', links }, ...supported] };
};
