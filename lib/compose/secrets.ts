import { givenSecret, secretOf } from '../aws/secrets.ts';
import type { Config } from '../config.ts';
import { FerryError } from '../errors.ts';
import { createSealer, type Sealer } from '../imports/access/sealed-secrets.ts';
import { keysIn, sealingKeys } from '../imports/access/sealing-keys.ts';
import type { ApplicationCredential } from '../openstack/service-user.ts';

// Secrets come from Secrets Manager; a worker, and a test, may have them in the environment itself.

/** @throws FerryError `misconfigured`, at the start of a function, for a secret of another form in its environment */
export const composeSealer = (config: Config): Sealer => {
  const { TOKEN_SEALING_SECRET_ARN: arn, TOKEN_SEALING_SECRET: text = '' } = config;
  if (arn) return createSealer(sealingKeys(secretOf(arn, 'the sealing secret')));
  keysIn(text);
  return createSealer(sealingKeys(givenSecret(text)));
};

const credentialIn = (text: string): ApplicationCredential => {
  const reason = 'The secret of OS_APPLICATION_CREDENTIAL_SECRET_ARN is not {"id": …, "secret": …}';
  try {
    const { id, secret } = JSON.parse(text) as { readonly id?: unknown; readonly secret?: unknown };
    if (typeof id === 'string' && typeof secret === 'string') return { id, secret };
  } catch {
    // The reason of JSON.parse would quote the secret.
  }
  throw new FerryError('misconfigured', reason);
};

/** Asked for each time a token is needed; undefined where there is no service user. */
export type ServiceUserCredential = (() => Promise<ApplicationCredential>) | undefined;

export const composeServiceUser = (config: Config): ServiceUserCredential => {
  const { OS_APPLICATION_CREDENTIAL_SECRET_ARN: arn } = config;
  const { OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret } = config;
  if (arn) {
    const stored = secretOf(arn, "the service user's credential");
    return async () => credentialIn(await stored());
  }
  return id && secret ? () => Promise.resolve({ id, secret }) : undefined;
};
