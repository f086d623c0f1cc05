/** The policies of the daemon that the site asks about, as its policies file names them. */
export const POLICIES = {
  connection: 'connection',
  serviceCall: 'service-call',
  /** Its subjects are addresses, and no users. */
  loginAttempt: 'login-attempt',
  /** Its subjects are accounts, and browsers that have logged in to one. */
  passwordAttempt: 'password-attempt',
} as const;

/** The services whose calls the daemon records, as its settings name them. */
export const SERVICES = { sell: 'vente', buy: 'achat' } as const;
