/** Nobody here verifies them. */
export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
