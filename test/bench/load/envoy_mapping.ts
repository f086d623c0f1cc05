export const ENVOY_DOMAIN = 'bench';
export const ENVOY_KEY = 'remote_address';

/** The policy that decides for Envoy. */
export const ENVOY_POLICY = 'service-call';

/** The section of the policies file that maps the descriptors of the load. */
export const ENVOY_MAPPING = `
envoy:
  ${ENVOY_DOMAIN}:
    descriptors:
      - { entries: [{ key: ${ENVOY_KEY} }], policy: ${ENVOY_POLICY}, subject: "{${ENVOY_KEY}}" }
`;
