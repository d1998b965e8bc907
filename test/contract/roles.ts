/** Who calls. `other` is a member of a project that does not own the image. */
export const callers = ['admin', 'member', 'reader', 'other', 'service'] as const;
export type Caller = (typeof callers)[number];

/** How visible the owner has made an image; `pending` and `accepted` are shared with the project of `other`. */
export const kinds = ['private', 'shared', 'pending', 'accepted', 'community', 'public'] as const;
export type Kind = (typeof kinds)[number];

export type Policy = 'default' | 'secure';

/** What is asked of an image, with the answer that each of us gives; `-`: there is nothing to ask with. */
export interface Rights {
  /** POST …/import into it: the status of Glance, and of ours. */
  readonly import: string;
  /** GET of its record, which an import from it needs at once. */
  readonly record: string;
  /** GET of its data, which an import from it needs in the end. */
  readonly data: string;
  /** Our POST …/import of it into an image of the caller's own. */
  readonly from: string;
  /** GET …/tasks, when the owner's member has imported into it: whether that task is shown. */
  readonly tasks: string;
  /** Our DELETE …/tasks, while an import runs that the owner's member has begun. */
  readonly cancel: string;
}

/**
 * What Glance of Zed answers, seen on a real one. Under its default policy a role counts for nothing, the project for all:
 * a reader imports as a member does.
 */
const underDefault: Rights = {
  import: `
                admin  member  reader  other  service
    private     202    202     202     404    404
    shared      202    202     202     404    404
    pending     202    202     202     403    404
    accepted    202    202     202     403    404
    community   202    202     202     403    403
    public      202    202     202     403    403`,
  record: `
                admin  member  reader  other  service
    private     200    200     200     404    404
    shared      200    200     200     404    404
    pending     200    200     200     200    404
    accepted    200    200     200     200    404
    community   200    200     200     200    200
    public      200    200     200     200    200`,
  data: `
                admin  member  reader  other  service
    private     200    200     200     404    404
    shared      200    200     200     404    404
    pending     200    200     200     200    404
    accepted    200    200     200     200    404
    community   200    200     200     200    200
    public      200    200     200     200    200`,
  from: `
                admin  member  reader  other  service
    private     201    201     201     400    400
    shared      201    201     201     400    400
    pending     201    201     201     201    400
    accepted    201    201     201     201    400
    community   201    201     201     201    201
    public      201    201     201     201    201`,
  tasks: `
                admin  member  reader  other  service
    private     shown  shown   shown   404    404
    shared      shown  shown   shown   404    404
    pending     shown  shown   shown   none   404
    accepted    shown  shown   shown   none   404
    community   shown  shown   shown   none   none
    public      shown  shown   shown   none   none`,
  cancel: `
                admin  member  reader  other  service
    private     204    204    204     404    404
    shared      204    204    204     404    404
    pending     204    204    204     404    404
    accepted    204    204    204     404    404
    community   204    204    204     404    404
    public      204    204    204     404    404`,
};

/** Secure RBAC: a reader reads records and writes nothing, the role `service` alone is nobody, and may not even have images. */
const underSecure: Rights = {
  import: `
                admin  member  reader  other  service
    private     202    202     403     404    404
    shared      202    202     403     404    404
    pending     202    202     403     403    404
    accepted    202    202     403     403    404
    community   202    202     403     403    404
    public      202    202     403     403    404`,
  record: `
                admin  member  reader  other  service
    private     200    200     200     404    404
    shared      200    200     200     404    404
    pending     200    200     200     200    404
    accepted    200    200     200     200    404
    community   200    200     200     200    404
    public      200    200     200     200    404`,
  data: `
                admin  member  reader  other  service
    private     200    200     403     404    404
    shared      200    200     403     404    404
    pending     200    200     403     200    404
    accepted    200    200     403     200    404
    community   200    200     403     200    404
    public      200    200     403     200    404`,
  from: `
                admin  member  reader  other  service
    private     201    201     -       400    -
    shared      201    201     -       400    -
    pending     201    201     -       201    -
    accepted    201    201     -       201    -
    community   201    201     -       201    -
    public      201    201     -       201    -`,
  tasks: `
                admin  member  reader  other  service
    private     shown  shown   shown   404    404
    shared      shown  shown   shown   404    404
    pending     shown  shown   shown   none   404
    accepted    shown  shown   shown   none   404
    community   shown  shown   shown   none   404
    public      shown  shown   shown   none   404`,
  cancel: `
                admin  member  reader  other  service
    private     204    204    403     404    404
    shared      204    204    403     404    404
    pending     204    204    403     404    404
    accepted    204    204    403     404    404
    community   204    204    403     404    404
    public      204    204    403     404    404`,
};

export const rights: Readonly<Record<Policy, Rights>> = { default: underDefault, secure: underSecure };

/**
 * Every difference between Glance's answers and ours to the calls of this table, and why. Everything else is the same,
 * down to the sentence.
 */
export const differences = {
  /** Ours answers with the task. API_CONTRACT=glance answers 202 and nothing, as Glance. */
  accepted: { glance: 202, ours: 201 },
  /**
   * Glance accepts any source, and its task fails with "Task failed due to Internal Error". Ours looks at the source's
   * record with the caller's token before it accepts, and says that it was not found.
   */
  unseenSource: { glance: 202, ours: 400 },
  /** Glance has all its stores; ours has one way in, the default store, and knows no other, not even to say that there is none. */
  otherStores: { glance: [202, 409], ours: 400 },
  /** Glance cannot cancel an import, and has no such route. */
  cancel: { glance: 404, ours: 204 },
  /** Of a 404 for its tasks Glance says that a resource, ours that the image was not found, as both do elsewhere. */
  tasksNotFound: { glance: 'The resource could not be found.', ours: 'No image found with ID ' },
} as const;

/** A cell of one of the tables above. */
export const cell = (table: string, kind: Kind, caller: Caller): string => {
  const [head = [], ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const row = rows.find(([name]) => name === kind);
  const found = row?.[1 + head.indexOf(caller)];
  if (found === undefined) throw new Error(`the table has no ${kind} of ${caller}`);
  return found;
};
