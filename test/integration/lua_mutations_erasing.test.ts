import { describeMutations } from '../helpers/lua/mutation_tests';
import { ERASING_PARTS } from '../helpers/lua/parts';

describeMutations('the Lua of erasures', { folders: /^erasing\//, parts: ERASING_PARTS });
