import { startSentinels } from '../helpers/sentinel';
import { share } from './shared';

/** A master with two replicas, and three Sentinels, for a whole run of jest. */
module.exports = async () => share(await startSentinels({ sentinelPassword: '' }));
