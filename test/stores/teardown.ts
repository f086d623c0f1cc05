import { closeShared } from './shared';

module.exports = closeShared;
