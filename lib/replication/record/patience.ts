/**
 * ms for which something is waited for that may never come. A notification that an image is active leaves Glance before the
 * record says so, a Keystone may be away for a while, and an upload of some hundred GiB takes its time.
 */
export const patienceMs = 3_600_000;
