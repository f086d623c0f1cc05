import { describeMutations } from '../helpers/lua/mutation_tests';
import { USAGE_PARTS } from '../helpers/lua/parts';

describeMutations('the Lua of the statistics', { folders: /^usage\//, parts: USAGE_PARTS });
