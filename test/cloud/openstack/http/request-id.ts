import { randomUUID } from 'node:crypto';

/** A fresh value for the header x-openstack-request-id. */
export function newRequestId(): string {
  return `req-${randomUUID()}`;
}
