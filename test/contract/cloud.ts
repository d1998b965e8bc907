/** A cloud the contract is checked on: the emulation, or a real OpenStack. */
export interface ContractCloud {
  /** With /v3. */
  readonly authUrl: string;
  /** The image endpoint of the region, without /v2. */
  readonly glanceUrl: string;
  /** A member of a project. */
  readonly owner: Account;
  /** A member of another project, without the admin role. */
  readonly other: Account;
  /** The store to which the contract uploads; the region's default when absent. */
  readonly store?: string;
  /** Whether that store serves ranges: file and cinder stores do. */
  readonly hasRandomAccess: boolean;
}

export interface Account {
  readonly userName: string;
  readonly password: string;
  readonly projectName: string;
}

export interface SignedIn {
  readonly token: string;
  readonly projectId: string;
}
