import { startCluster } from '../helpers/cluster';
import { share } from './shared';

/** Three masters, each with a replica, for a whole run of jest. */
module.exports = async () => share(await startCluster());
