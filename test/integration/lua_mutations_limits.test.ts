import { describeMutations } from '../helpers/lua/mutation_tests';
import { LIMIT_PARTS } from '../helpers/lua/parts';

describeMutations('the Lua of the limits', { folders: /^(limits|lib)\//, parts: LIMIT_PARTS });
