import type { MessageKey } from '../../i18n/messages';
import type { Translator } from '../../i18n/translator';
import { FIGURE_IDS, type FigureId, type PanelId } from './board';

/** What each figure counts. */
export const FIGURE_NAMES: Record<FigureId, MessageKey> = {
  connections: 'statistics.column.connections',
  calls: 'statistics.column.calls',
  'connections-refused': 'statistics.column.connections-refused',
  'calls-refused': 'statistics.column.calls-refused',
};

/** The names of the columns of each panel's table. */
export function columnsOf({ t }: Pick<Translator, 't'>): Record<PanelId, string[]> {
  const user = t('statistics.column.user');
  const connections = t('statistics.column.connections');
  const calls = t('statistics.column.calls');
  return {
    hours: [t('statistics.column.hour'), ...FIGURE_IDS.map((id) => t(FIGURE_NAMES[id]))],
    top: [user, connections],
    services: [t('statistics.column.service'), calls],
    recent: [user, t('statistics.column.time')],
    least: [user, calls],
  };
}
