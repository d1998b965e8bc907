/** Values where the environment is silent; Glance's own where Glance has the option. */
export const defaults: Readonly<Record<string, string>> = {
  OS_TARGET_REGIONS: '',
  OS_INTERFACE: 'public',
  OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES: 'hw_,trait:,os_distro,os_secure_boot,os_type',
  OS_INJECT_METADATA_PROPERTIES__INJECT: '',
  OS_INJECT_METADATA_PROPERTIES__IGNORE_USER_ROLES: 'admin',
  OS_IMPORT_FILTERING_OPTS__ALLOWED_SCHEMES: 'http,https',
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_SCHEMES: '',
  OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: '',
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_HOSTS: '',
  OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: '80,443',
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_PORTS: '',
  OS_DEFAULT__IMAGE_SIZE_CAP: `${1024 ** 4}`, // bytes; Glance's image_size_cap, 1 TiB
  API_CONTRACT: 'ferry',
  ACTIVATION: 'upload',
  POLICIES_DIR: 'policies',
  PART_SIZE_MIB: '16',
  PARTS_IN_FLIGHT: '4',
  MAX_PARTS: '10000',
  SEGMENT_SIZE_MIB: '4096',
  SEGMENTS_AT_ONCE: '4',
  PART_CHECKSUM: 'crc32',
  SOURCE_STALL_S: '60',
  MINIMUM_RATE_KIB_S: '64',
  UPLOAD_ANSWER_S: '3600',
  SOURCE_RETRIES: '5',
  SOURCE_RETRY_DELAY_MS: '500', // doubled at each further try
  DEADLINE_RESERVE_S: '30',
  HEARTBEAT_S: '20',
  RETRY_DELAY_S: '10', // doubled at each further try
  TOKEN_CACHE_S: '300', // keystonemiddleware's token_cache_time
  WORKER_CONCURRENCY: '1',
  STREAM_CONCURRENCY: '10',
  APPLY_CONCURRENCY: '5',
  PROJECT_SHARE_PERCENT: '50',
  TASK_TTL_H: '48', // Glance's task_time_to_live
  RELAY_KEEP_H: '0',
};
